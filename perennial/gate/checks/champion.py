"""The champion check: candidate and champion, scored on the same held-out rows.

The interval of the difference, oriented so that positive is better, is compared with the margin. Non-inferiority: its
lower end is at least minus the margin. Superiority: its lower end is above the margin. If the rows do not decide, the
champion stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate
from perennial.contract.metrics import greater_is_better
from perennial.contract.values import rounded
from perennial.gate.check import Check, member, number, oriented, read_metric, verdict
from perennial.gate.checks.sizes import rare_checks, size_problem, without_rare

NAME = "champion"


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """One check, or none if there is no champion yet."""
    if isinstance(evaluation, Mapping) and "champion" in evaluation and evaluation["champion"] is None:
        return ()
    if is_the_champion(evaluation):
        sentence = (
            f"The candidate is identical to the champion {member(member(evaluation, 'champion'), 'version')}: "
            "there is nothing to release."
        )
        return (Check(NAME, 0.0, _limit(policy), None, None, "noted", sentence),)
    reason = _undecidable_reason(evaluation, policy)
    if reason:
        sentence = f"Undecided, so the champion stays: {reason}."
        return (Check(NAME, None, _limit(policy), None, None, "unsure", sentence),)
    return (_comparison(evaluation, policy), *rare_checks(evaluation, policy))


def _limit(policy: Gate) -> float:
    return policy.margin if policy.test == "superior" else -policy.margin


def _comparison(evaluation: Mapping[str, Any], policy: Gate) -> Check:
    compared = member(evaluation, "common") or evaluation  # without rare classes, where there are some
    measured = oriented(read_metric(member(compared, "difference"), policy.metric), greater_is_better(policy.metric))
    limit = _limit(policy)
    if measured.value is None or measured.low is None or measured.high is None or not measured.low <= measured.high:
        sentence = f"Undecided, so the champion stays: the difference in {policy.metric} has no usable interval."
        return Check(NAME, measured.value, limit, measured.low, measured.high, "unsure", sentence)
    superior = policy.test == "superior"
    passed = measured.low > limit if superior else measured.low >= limit
    sentence = (
        f"{_comparison_text(evaluation, policy, measured.value)}; the difference is between {rounded(measured.low)} "
        f"and {rounded(measured.high)} (positive is better), "
        f"{_better(passed, policy.margin) if superior else _no_worse(passed, policy.margin)}."
    )
    return Check(NAME, measured.value, limit, measured.low, measured.high, verdict(passed), sentence)


def _no_worse(passed: bool, margin: float) -> str:
    return f"which {'stays within' if passed else 'reaches beyond'} the margin of {rounded(margin)}"


def _better(passed: bool, margin: float) -> str:
    required = f"better by more than {rounded(margin)}" if margin else "better"
    return (
        f"so it is significantly {required}" if passed else f"so it is not significantly {required}: the champion stays"
    )


def _comparison_text(evaluation: Mapping[str, Any], policy: Gate, difference: float) -> str:
    champion = member(evaluation, "champion")
    common = member(evaluation, "common")
    candidate_value, champion_value = (
        read_metric(
            member(common, name) if common else member(member(evaluation, name), "metrics"), policy.metric
        ).value
        for name in ("candidate", "champion")
    )
    word = "better than" if difference > 0 else "worse than" if difference < 0 else "level with"
    metrics = (
        f" ({rounded(candidate_value)} against {rounded(champion_value)})"
        if candidate_value is not None and champion_value is not None
        else ""
    )
    without = without_rare(evaluation, policy) if common else ""
    return f"By {policy.metric}{without} the candidate is {word} the champion {member(champion, 'version')}{metrics}"


def is_the_champion(evaluation: Mapping[str, Any]) -> bool:
    """Training is deterministic: the same data, code and parameters reproduce the champion, byte for byte."""
    digest = member(member(evaluation, "candidate"), "digest")
    version = member(member(evaluation, "champion"), "version")
    return bool(digest) and bool(version) and str(version).partition("@")[2] == str(digest)[:12]


def _undecidable_reason(evaluation: Mapping[str, Any], policy: Gate) -> str | None:
    """The reason why the two models cannot be compared; None if they can."""
    champion = member(evaluation, "champion")
    if not isinstance(champion, Mapping):
        return "the evaluation has no metrics of the champion"
    reason = champion.get("reason")
    if reason:
        return f"the champion could not be scored on these rows ({str(reason).rstrip('.')})"
    return _confidence_problem(evaluation, policy) or size_problem(evaluation, policy)


def _confidence_problem(evaluation: Mapping[str, Any], policy: Gate) -> str | None:
    if "confidence" not in evaluation:
        return None
    confidence = number(evaluation["confidence"])
    if confidence is None or confidence < policy.confidence - 1e-9:
        return f"its intervals have the confidence {evaluation['confidence']}, the spec requires {policy.confidence:g}"
    return None
