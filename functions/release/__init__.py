"""Releases a model version: shadow, canary, verification, rollback."""
