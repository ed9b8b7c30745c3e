"""Lambda on one machine: the official runtime client (awslambdaric) in processes of its own, under the Lambda Runtime API."""
