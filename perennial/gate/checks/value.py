"""Value checks: the value per row against its floor, and against the champion's on the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate, Money
from perennial.contract.values import rounded
from perennial.gate.check import Check, member, read_metric, verdict

NAME = "value"


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """No check if the spec names no amounts; else the floor, or a note, and the comparison with the champion."""
    if policy.value is None:
        return ()
    section = member(evaluation, "value")
    found = (_floor_check(policy.value, section),)
    # Only an explicit None means that there is no champion; an absent member refuses the candidate.
    if isinstance(evaluation, Mapping) and "champion" in evaluation and evaluation["champion"] is None:
        return found
    return (*found, _champion_check(policy.value, section, member(evaluation, "champion")))


def _floor_check(money: Money, section: object) -> Check:
    measured = read_metric(member(section, "candidate"), "per_row")
    if measured.value is None:
        reason = member(section, "reason")
        why = str(reason).rstrip(".") if reason else "the evaluation has no usable value"
        sentence = f"The value of the candidate is unknown: {why}."
        return Check(NAME, None, money.floor, None, None, "failed", sentence)
    text = f"A prediction brings {_amount_text(measured.value, money)}{_interval_text(measured.low, measured.high)}"
    text += _month_text(section, money) + _lacking_text(section)
    if money.floor is None:
        return Check(NAME, measured.value, None, measured.low, measured.high, "noted", f"{text}; no floor is set.")
    passed = measured.value >= money.floor
    sentence = f"{text}, which {'reaches' if passed else 'is below'} the floor of {_amount_text(money.floor, money)}."
    return Check(NAME, measured.value, money.floor, measured.low, measured.high, verdict(passed), sentence)


def _champion_check(money: Money, section: object, champion: object) -> Check:
    name = f"{NAME}:champion"
    measured = read_metric(member(section, "difference"), "per_row")
    if measured.value is None or measured.low is None or measured.high is None or not measured.low <= measured.high:
        reason = member(champion, "reason")
        why = str(reason).rstrip(".") if reason else "the difference has no usable interval"
        sentence = f"Undecided whether a prediction brings less than with the champion: {why}."
        return Check(name, measured.value, -money.margin, measured.low, measured.high, "unsure", sentence)
    passed = measured.high >= -money.margin
    word = "more" if measured.value >= 0 else "less"
    conclusion = (
        "which is not significantly less than the margin allows"
        if passed
        else f"so it brings significantly less, by more than the margin of {_amount_text(money.margin, money)}"
    )
    sentence = (
        f"A prediction brings {_amount_text(abs(measured.value), money)} {word} than with the champion; the "
        f"difference is between {rounded(measured.low)} and {rounded(measured.high)}, {conclusion}."
    )
    return Check(name, measured.value, -money.margin, measured.low, measured.high, verdict(passed), sentence)


def _month_text(section: object, money: Money) -> str:
    measured = read_metric(member(section, "candidate"), "per_month").value
    if measured is None or money.rows_per_month is None:
        return ""
    return f", {_amount_text(measured, money)} a month of {money.rows_per_month:,} predictions"


def _lacking_text(section: object) -> str:
    lacking = member(section, "lacking")
    return f", without {lacking} rows that lack an amount" if isinstance(lacking, int) and lacking > 0 else ""


def _amount_text(value: float, money: Money) -> str:
    """The amount with four significant digits, or all digits before the decimal point, and its currency."""
    return f"{rounded(value)} {money.currency}"


def _interval_text(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f" (between {rounded(low)} and {rounded(high)})"
