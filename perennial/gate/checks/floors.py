"""The figures a candidate must reach whatever else is serving."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate
from perennial.contract.metrics import greater_is_better
from perennial.figures import plain
from perennial.gate.check import Check, part, reading, verdict


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """One check per floor. A metric of which smaller is better has a ceiling."""
    figures = part(part(evaluation, "candidate"), "figures")
    found = tuple(_check(name, limit, figures) for name, limit in policy.floors.items())
    # Without floors, too, a candidate needs a figure to be judged by.
    seen = reading(figures, policy.metric)
    if seen.value is None and policy.metric not in policy.floors:
        sentence = f"The evaluation has no usable {policy.metric} of the candidate, so it cannot be judged."
        return (*found, Check(f"figure:{policy.metric}", None, None, None, None, "failed", sentence))
    return found


def _check(name: str, limit: float, figures: object) -> Check:
    seen = reading(figures, name)
    greater = greater_is_better(name)
    kind = "floor" if greater else "ceiling"
    if seen.value is None:
        sentence = f"{name} is missing or not a number, so its {kind} {plain(limit)} cannot be checked."
        return Check(f"{kind}:{name}", None, limit, None, None, "failed", sentence)
    passed = seen.value >= limit if greater else seen.value <= limit
    place = {(True, True): "reaches", (True, False): "is below", (False, True): "is within", (False, False): "is above"}
    sentence = f"{name} {plain(seen.value)} {place[greater, passed]} the {kind} {plain(limit)}."
    return Check(f"{kind}:{name}", seen.value, limit, seen.low, seen.high, verdict(passed), sentence)
