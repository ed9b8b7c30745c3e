"""Compares two profiles and makes a drift report: effect sizes, each with its noise floor.

Without drift the population stability index over B bins is about (B-1)(1/n + 1/m); every other metric has its own
sampling noise. A metric counts only if it exceeds both its threshold and its noise floor at these sample sizes,
corrected for the number of columns and metrics.
"""

from perennial.drift.comparison import compare
from perennial.drift.report import DriftReport

__all__ = ["DriftReport", "compare"]
