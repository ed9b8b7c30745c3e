"""Monitoring: what an endpoint was asked and answered, what turned out to be true, and the two joined."""

from perennial.monitoring.observing import Observations, TruthCounts, observations
from perennial.monitoring.schemas import request_schema, truth_schema, unreadable_schema

__all__ = [
    "Observations",
    "TruthCounts",
    "observations",
    "request_schema",
    "truth_schema",
    "unreadable_schema",
]
