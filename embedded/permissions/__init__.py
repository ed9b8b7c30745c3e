"""IAM policies, evaluated as AWS evaluates them, for every call to the cloud."""
