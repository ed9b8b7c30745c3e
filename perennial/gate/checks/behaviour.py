"""Behaviour checks: one for each behavioural test of the spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Behaviour, Gate
from perennial.gate.check import Check, member, number, verdict


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """The metric is the share of rows that fail a test, the limit the greatest allowed share."""
    section = member(evaluation, "behaviour")
    entries = section if isinstance(section, list) else []
    return tuple(_check(each, entries) for each in policy.behaviour)


def _check(test: Behaviour, entries: list[Any]) -> Check:
    name = f"behaviour:{test.name}"
    entry = next((each for each in entries if member(each, "name") == test.name), None)
    rows, failed = number(member(entry, "rows")), number(member(entry, "failed"))
    if rows == 0 and test.kind != "answer":
        sentence = f"'{test.name}' was not tested: it changes no held-out row."
        return Check(name, None, test.max_failure_rate, None, None, "unsure", sentence)
    if rows is None or failed is None or rows <= 0 or not 0 <= failed <= rows or not _is_measured(entry):
        sentence = f"The evaluation has no result of the test '{test.name}'."
        return Check(name, None, test.max_failure_rate, None, None, "failed", sentence)
    share = failed / rows
    passed = share <= test.max_failure_rate and member(entry, "passed") is True
    sentence = str(member(entry, "sentence") or f"'{test.name}' failed on {failed:.0f} of {rows:.0f} rows.")
    return Check(name, share, test.max_failure_rate, None, None, verdict(passed), sentence)


def _is_measured(entry: object) -> bool:
    return isinstance(member(entry, "passed"), bool)
