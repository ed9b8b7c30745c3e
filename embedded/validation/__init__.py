"""Validation of requests by the services' models, which AWS does and its clients do only in part."""
