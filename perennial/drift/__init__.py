"""Two profiles in, a drift report out: effect sizes, each with the floor below which it is mere chance.

Without any drift the population stability index over B bins is about (B-1)(1/n + 1/m), and the other figures have
their own noise. A figure counts only where it exceeds both its threshold and what chance gives at these sample
sizes, with all columns and figures tested together: small samples do not cry wolf, nor do large ones over trifles.
"""

from perennial.drift.comparison import compare
from perennial.drift.report import ColumnDrift, DriftReport, Level

__all__ = ["ColumnDrift", "DriftReport", "Level", "compare"]
