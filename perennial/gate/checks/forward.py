"""Checks on the newest held-out rows by event time, predicted by a model that was fitted on older rows alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from perennial.contract.gate import Gate
from perennial.contract.metrics import greater_is_better
from perennial.contract.values import rounded
from perennial.gate.check import Check, member, number, oriented, read_metric, verdict

NAME = "forward"


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """A note with the metric there and on all held-out rows, and what `gate.forward` asks for."""
    found = member(evaluation, "forward")
    wanted = policy.forward.floors or policy.forward.champion
    if found is None and not wanted:
        return ()
    if not number(member(found, "rows")):
        reason = str(member(found, "reason") or "the evaluation does not hold them").rstrip(".")
        sentence = f"The newest rows by event time could not be measured: {reason}."
        return (Check(NAME, None, None, None, None, "unsure" if wanted else "noted", sentence),)
    return (_note(evaluation, found, policy), *_floors(found, policy), *_champion(evaluation, found, policy))


def _note(evaluation: Mapping[str, Any], found: object, policy: Gate) -> Check:
    there = read_metric(member(found, "candidate"), policy.metric)
    everywhere = read_metric(member(member(evaluation, "candidate"), "metrics"), policy.metric).value
    values = ["unknown" if value is None else rounded(value) for value in (there.value, everywhere)]
    sentence = (
        f"On the {number(member(found, 'rows')):,.0f} held-out rows {_after(found)}by event time, a model "
        f"fitted on {number(member(found, 'fitted_on')) or 0:,.0f} older rows alone has {policy.metric} {values[0]}; "
        f"on all held-out rows it is {values[1]}."
    )
    return Check(NAME, there.value, None, there.low, there.high, "noted", sentence)


def _after(found: object) -> str:
    moment = member(found, "after")
    return f"after {moment} " if isinstance(moment, str) else "that are the newest "


def _floors(found: object, policy: Gate) -> Iterator[Check]:
    for name, limit in policy.forward.floors.items():
        seen, greater = read_metric(member(found, "candidate"), name), greater_is_better(name)
        kind = "floor" if greater else "ceiling"
        if seen.value is None:
            sentence = f"{name} on the newest rows is unknown, so its {kind} {rounded(limit)} cannot be checked."
            yield Check(f"{NAME} {kind}:{name}", None, limit, None, None, "failed", sentence)
            continue
        passed = seen.value >= limit if greater else seen.value <= limit
        sentence = (
            f"{name} {rounded(seen.value)} on the newest rows {'keeps to' if passed else 'breaks'} the {kind} "
            f"{rounded(limit)} (gate.forward.floors)."
        )
        yield Check(f"{NAME} {kind}:{name}", seen.value, limit, seen.low, seen.high, verdict(passed), sentence)


def _champion(evaluation: Mapping[str, Any], found: object, policy: Gate) -> Iterator[Check]:
    """The comparison with the champion, where the spec asks for it and there is a champion."""
    if not policy.forward.champion or member(evaluation, "champion") is None:
        return
    name, superior = f"{NAME} champion", policy.test == "superior"
    limit = policy.margin if superior else -policy.margin
    seen = oriented(read_metric(member(found, "difference"), policy.metric), greater_is_better(policy.metric))
    rows = number(member(found, "rows")) or 0
    reason = member(found, "reason") or member(member(evaluation, "champion"), "reason")
    if rows < policy.min_rows:
        reason = reason or f"{rows:,.0f} newest held-out rows are too few, gate.min_rows asks for {policy.min_rows}"
    if reason or seen.value is None or seen.low is None or seen.high is None:
        reason = str(reason or f"the difference in {policy.metric} has no usable interval").rstrip(".")
        sentence = f"Undecided on the newest rows, so the champion stays: {reason}."
        yield Check(name, seen.value, limit, seen.low, seen.high, "unsure", sentence)
        return
    passed = seen.low > limit if superior else seen.low >= limit
    asked = f"more than {rounded(limit)}" if superior else f"at least {rounded(limit)}"
    sentence = (
        f"On the {rows:,.0f} newest rows the difference to the champion in {policy.metric} is between "
        f"{rounded(seen.low)} and {rounded(seen.high)} (positive is better); gate.forward asks for {asked}."
    )
    yield Check(name, seen.value, limit, seen.low, seen.high, verdict(passed), sentence)
