"""The baseline check: the first model of a spec, and a constant answer on the same held-out rows.

The candidate passes if it is surely better: the lower end of the interval of the difference, oriented so that positive
is better, is above 0. With a champion the champion check decides, and there is no baseline.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate
from perennial.contract.metrics import UnknownMetricError, greater_is_better
from perennial.contract.values import rounded
from perennial.gate.check import Check, Verdict, member, oriented, read_metric
from perennial.gate.checks.sizes import class_problem, rare_checks, without_rare

NAME = "baseline"
_REMEDY = "upload more rows, or other features; gate.baseline in the spec sets what follows"


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """One check for the first model of a spec, none if there is a champion."""
    if not isinstance(evaluation, Mapping) or evaluation.get("champion", NAME) is not None:
        return ()
    measured = member(evaluation, "baseline")
    if not isinstance(measured, Mapping):
        return () if policy.baseline == "off" else (_unknown(policy, "the evaluation has no metrics of it"),)
    reason = class_problem(evaluation, policy)
    check = _unknown(policy, reason) if reason else _comparison(measured, policy, without_rare(evaluation, policy))
    return (check, *rare_checks(evaluation, policy))


def _unknown(policy: Gate, reason: str) -> Check:
    sentence = f"Whether the candidate is better than a constant answer is not known: {reason}; {_REMEDY}."
    return Check(NAME, None, 0.0, None, None, _otherwise(policy), sentence)


def _otherwise(policy: Gate) -> Verdict:
    """The verdict on a candidate that is not surely better."""
    verdicts: dict[str, Verdict] = {"refuse": "failed", "ask": "unsure", "off": "noted"}
    return verdicts[policy.baseline]


def _comparison(measured: Mapping[str, Any], policy: Gate, without: str) -> Check:
    metric = str(measured.get("metric"))
    try:
        difference = oriented(read_metric({metric: measured.get("difference")}, metric), greater_is_better(metric))
    except UnknownMetricError:
        return _unknown(policy, f"the evaluation compares by '{metric}', which is no metric")
    if difference.value is None or difference.low is None or difference.high is None:
        return _unknown(policy, f"the difference in {metric} has no interval")
    values = [read_metric({metric: measured.get(name)}, metric).value for name in ("candidate", "constant")]
    scores = " against ".join("unknown" if value is None else rounded(value) for value in values)
    passed = difference.low > 0
    told = "so it is surely better" if passed else f"so chance could explain it; {_REMEDY}"
    sentence = (
        f"By {metric}{without} the candidate has {scores} of a constant answer on the same rows; the difference is "
        f"between {rounded(difference.low)} and {rounded(difference.high)} (positive is better), {told}."
    )
    verdict: Verdict = "passed" if passed else _otherwise(policy)
    return Check(NAME, difference.value, 0.0, difference.low, difference.high, verdict, sentence)
