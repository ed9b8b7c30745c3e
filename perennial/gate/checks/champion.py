"""The candidate against the model now serving, both scored on the same held-out rows.

A test of non-inferiority: the interval of the difference, turned so that positive is better, must not reach below
minus the margin. Where the rows cannot tell, the champion stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.gate.catalogue import greater_is_better
from perennial.gate.check import Check, Reading, number, part, reading, verdict, written
from perennial.gate.policy import Policy

NAME = "champion"


def checks(evaluation: Mapping[str, Any], policy: Policy) -> tuple[Check, ...]:
    """One check, or none where no champion serves yet."""
    if isinstance(evaluation, Mapping) and "champion" in evaluation and evaluation["champion"] is None:
        return ()
    if _is_the_same(evaluation):
        sentence = (
            f"The candidate is {part(part(evaluation, 'champion'), 'version')} itself: there is nothing to release."
        )
        return (Check(NAME, 0.0, -policy.margin, None, None, "failed", sentence),)
    doubt = _doubt(evaluation, policy)
    if doubt:
        return (
            Check(NAME, None, -policy.margin, None, None, "unsure", f"Cannot tell, so the champion stays: {doubt}."),
        )
    return (_comparison(evaluation, policy),)


def _comparison(evaluation: Mapping[str, Any], policy: Policy) -> Check:
    turned = _turned(reading(part(evaluation, "difference"), policy.metric), policy.metric)
    if turned.value is None or turned.low is None or turned.high is None or not turned.low <= turned.high:
        sentence = f"Cannot tell, so the champion stays: the difference in {policy.metric} has no usable interval."
        return Check(NAME, turned.value, -policy.margin, turned.low, turned.high, "unsure", sentence)
    passed = turned.low >= -policy.margin
    sentence = (
        f"{_standing(evaluation, policy, turned.value)}; the difference is between {written(turned.low)} and "
        f"{written(turned.high)} (positive is better), {'which stays within' if passed else 'which reaches beyond'} "
        f"the margin of {written(policy.margin)}."
    )
    return Check(NAME, turned.value, -policy.margin, turned.low, turned.high, verdict(passed), sentence)


def _standing(evaluation: Mapping[str, Any], policy: Policy, difference: float) -> str:
    champion = part(evaluation, "champion")
    mine = reading(part(part(evaluation, "candidate"), "figures"), policy.metric).value
    theirs = reading(part(champion, "figures"), policy.metric).value
    word = "better than" if difference > 0 else "worse than" if difference < 0 else "level with"
    figures = f" ({written(mine)} against {written(theirs)})" if mine is not None and theirs is not None else ""
    return f"By {policy.metric} the candidate is {word} the champion {part(champion, 'version')}{figures}"


def _turned(seen: Reading, metric: str) -> Reading:
    """A difference whose positive side is the better one."""
    if greater_is_better(metric):
        return seen
    return Reading(*(None if value is None else -value for value in (seen.value, seen.high, seen.low)))


def _is_the_same(evaluation: Mapping[str, Any]) -> bool:
    """Training is deterministic: the same data, code and parameters give the champion again, byte for byte."""
    digest = part(part(evaluation, "candidate"), "digest")
    version = part(part(evaluation, "champion"), "version")
    return bool(digest) and bool(version) and str(version).partition("@")[2] == str(digest)[:12]


def _doubt(evaluation: Mapping[str, Any], policy: Policy) -> str | None:
    """Why the two cannot be told apart at all; None where they can."""
    champion = part(evaluation, "champion")
    if not isinstance(champion, Mapping):
        return "the evaluation does not say what the champion scored"
    reason = champion.get("reason")
    if reason:
        return f"the champion could not be scored on these rows ({str(reason).rstrip('.')})"
    return _confidence_doubt(evaluation, policy) or _size_doubt(evaluation, policy)


def _confidence_doubt(evaluation: Mapping[str, Any], policy: Policy) -> str | None:
    if "confidence" not in evaluation:
        return None
    confidence = number(evaluation["confidence"])
    if confidence is None or confidence < policy.confidence - 1e-9:
        return f"its intervals are of confidence {evaluation['confidence']}, the policy asks for {policy.confidence:g}"
    return None


def _size_doubt(evaluation: Mapping[str, Any], policy: Policy) -> str | None:
    rows = part(evaluation, "rows")
    held_out = number(part(rows, "held_out"))
    if held_out is None or held_out < policy.fewest_rows:
        seen = "an unknown number of" if held_out is None else f"{held_out:.0f}"
        return f"{seen} rows were held out, at least {policy.fewest_rows} are needed"
    for side in ("positives", "negatives"):
        if part(evaluation, "problem") != "binary" and part(rows, side) is None:
            continue
        count = number(part(rows, side))
        if count is None or count < policy.fewest_per_class:
            seen = "an unknown number of" if count is None else f"{count:.0f}"
            return f"{seen} held-out rows are {side}, at least {policy.fewest_per_class} are needed"
    return None
