"""AWS on one machine: runs a synthesized CDK cloud assembly on moto, with the real handlers."""
