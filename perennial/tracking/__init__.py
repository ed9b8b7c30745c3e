"""What tracking servers are told of a run: MLflow's parameters, metrics and models, and OpenLineage's events."""
