"""Validates a dataset: plan, inspection of the parts, duplicates over all parts, verdict."""
