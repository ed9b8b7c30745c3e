"""Prepares the training job, and recovers one that failed."""
