"""Floor checks: the metrics that a candidate must reach, with or without a champion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate
from perennial.contract.metrics import greater_is_better
from perennial.contract.values import rounded
from perennial.gate.check import Check, member, read_metric, verdict


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """One check per floor. A metric for which smaller is better has a ceiling."""
    metrics = member(member(evaluation, "candidate"), "metrics")
    found = tuple(_check(name, limit, metrics) for name, limit in policy.floors.items())
    # Without floors, too, a candidate needs a usable metric.
    measured = read_metric(metrics, policy.metric)
    if measured.value is None and policy.metric not in policy.floors:
        sentence = f"The evaluation has no usable {policy.metric} of the candidate, so it cannot be compared."
        return (*found, Check(f"metric:{policy.metric}", None, None, None, None, "failed", sentence))
    return found


def _check(name: str, limit: float, metrics: object) -> Check:
    measured = read_metric(metrics, name)
    greater = greater_is_better(name)
    kind = "floor" if greater else "ceiling"
    if measured.value is None:
        sentence = f"{name} is missing or not a number, so its {kind} {rounded(limit)} cannot be checked."
        return Check(f"{kind}:{name}", None, limit, None, None, "failed", sentence)
    passed = measured.value >= limit if greater else measured.value <= limit
    place = {(True, True): "reaches", (True, False): "is below", (False, True): "is within", (False, False): "is above"}
    sentence = f"{name} {rounded(measured.value)} {place[greater, passed]} the {kind} {rounded(limit)}."
    return Check(f"{kind}:{name}", measured.value, limit, measured.low, measured.high, verdict(passed), sentence)
