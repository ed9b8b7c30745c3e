"""Describes runs to tracking servers: MLflow's parameters, metrics and models, and OpenLineage's events."""
