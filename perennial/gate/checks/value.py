"""Does it pay? The value per row against its floor, and against what the champion brings on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate, Money
from perennial.figures import plain
from perennial.gate.check import Check, part, reading, verdict

NAME = "value"


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """None where the spec names no amounts; else the floor, or a note, and the comparison where a champion serves."""
    if policy.value is None:
        return ()
    section = part(evaluation, "value")
    found = (_own(policy.value, section),)
    # Only the word None says that no champion serves; what is absent closes the gate.
    if isinstance(evaluation, Mapping) and "champion" in evaluation and evaluation["champion"] is None:
        return found
    return (*found, _against(policy.value, section, part(evaluation, "champion")))


def _own(money: Money, section: object) -> Check:
    seen = reading(part(section, "candidate"), "per_row")
    if seen.value is None:
        reason = part(section, "reason")
        why = str(reason).rstrip(".") if reason else "the evaluation has no usable figure"
        sentence = f"What the candidate is worth is not known: {why}."
        return Check(NAME, None, money.floor, None, None, "failed", sentence)
    told = f"A prediction brings {_amount(seen.value, money)}{_interval(seen.low, seen.high)}{_month(section, money)}"
    told += _lacking(section)
    if money.floor is None:
        return Check(NAME, seen.value, None, seen.low, seen.high, "noted", f"{told}; no floor is set.")
    passed = seen.value >= money.floor
    sentence = f"{told}, which {'reaches' if passed else 'is below'} the floor of {_amount(money.floor, money)}."
    return Check(NAME, seen.value, money.floor, seen.low, seen.high, verdict(passed), sentence)


def _against(money: Money, section: object, champion: object) -> Check:
    name = f"{NAME}:champion"
    seen = reading(part(section, "difference"), "per_row")
    if seen.value is None or seen.low is None or seen.high is None or not seen.low <= seen.high:
        reason = part(champion, "reason")
        why = str(reason).rstrip(".") if reason else "the difference has no usable interval"
        sentence = f"Cannot tell whether it brings less than the champion: {why}."
        return Check(name, seen.value, -money.margin, seen.low, seen.high, "unsure", sentence)
    passed = seen.high >= -money.margin
    word = "more" if seen.value >= 0 else "less"
    surely = (
        "which is not surely less than the margin allows"
        if passed
        else f"so it surely brings less by more than the margin of {_amount(money.margin, money)}"
    )
    sentence = (
        f"A prediction brings {_amount(abs(seen.value), money)} {word} than with the champion; the difference is "
        f"between {plain(seen.low)} and {plain(seen.high)}, {surely}."
    )
    return Check(name, seen.value, -money.margin, seen.low, seen.high, verdict(passed), sentence)


def _month(section: object, money: Money) -> str:
    seen = reading(part(section, "candidate"), "per_month").value
    if seen is None or money.rows_per_month is None:
        return ""
    return f", {_amount(seen, money)} a month of {money.rows_per_month:,} predictions"


def _lacking(section: object) -> str:
    lacking = part(section, "lacking")
    return f", without {lacking} rows that lack an amount" if isinstance(lacking, int) and lacking > 0 else ""


def _amount(value: float, money: Money) -> str:
    """Four significant digits, and never fewer than stand before the point."""
    return f"{plain(value)} {money.currency}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" (between {plain(low)} and {plain(high)})"
