"""Lambda on one machine: the official runtime client (awslambdaric) in processes, under a Lambda Runtime API."""
