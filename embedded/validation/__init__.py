"""Requests held against the services' models, as AWS holds them and its clients do not."""
