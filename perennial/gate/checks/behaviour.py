"""Does the model behave as declared? One check for each test of the spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Behaviour, Gate
from perennial.gate.check import Check, number, part, verdict


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """The figure is the share of rows that failed, the limit the share that may."""
    section = part(evaluation, "behaviour")
    entries = section if isinstance(section, list) else []
    return tuple(_check(each, entries) for each in policy.behaviour)


def _check(wanted: Behaviour, entries: list[Any]) -> Check:
    name = f"behaviour:{wanted.name}"
    entry = next((each for each in entries if part(each, "name") == wanted.name), None)
    rows, failed = number(part(entry, "rows")), number(part(entry, "failed"))
    if rows == 0 and wanted.kind != "answer":
        sentence = f"'{wanted.name}' could not be tried: no held-out row is changed by it."
        return Check(name, None, wanted.max_failure_rate, None, None, "unsure", sentence)
    if rows is None or failed is None or rows <= 0 or not 0 <= failed <= rows or not _is_said(entry):
        sentence = f"The evaluation does not say whether '{wanted.name}' holds."
        return Check(name, None, wanted.max_failure_rate, None, None, "failed", sentence)
    share = failed / rows
    passed = share <= wanted.max_failure_rate and part(entry, "passed") is True
    sentence = str(part(entry, "sentence") or f"'{wanted.name}' failed on {failed:.0f} of {rows:.0f} rows.")
    return Check(name, share, wanted.max_failure_rate, None, None, verdict(passed), sentence)


def _is_said(entry: object) -> bool:
    return isinstance(part(entry, "passed"), bool)
