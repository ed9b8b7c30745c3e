"""Starts runs: one per dataset version, one at a time per model."""
