"""May a candidate serve? Predictions in, figures out (`measuring`, where it trains); figures in, Decision out.

What is imported here needs no numpy, because the deciding function runs without it. The figures are in
`perennial.gate.measuring`.
"""

from perennial.gate.catalogue import Metric, UnknownMetricError, greater_is_better, metrics_of
from perennial.gate.check import Check
from perennial.gate.decision import Decision, decide
from perennial.gate.policy import Policy, PolicyError

__all__ = [
    "Check",
    "Decision",
    "Metric",
    "Policy",
    "PolicyError",
    "UnknownMetricError",
    "decide",
    "greater_is_better",
    "metrics_of",
]
