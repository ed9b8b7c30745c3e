"""Lambda: execution environments are processes of awslambdaric under a Lambda Runtime API."""
