"""Who may do what: IAM policies evaluated as AWS evaluates them, for every call that enters the cloud."""
