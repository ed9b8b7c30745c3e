"""Slice checks: declared slices against their floors, the worst slice, and the largest loss against the champion.

The intervals of gaps and differences are corrected for the number of slices compared (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate, Slice
from perennial.contract.metrics import UnknownMetricError, greater_is_better
from perennial.contract.values import rounded
from perennial.gate.check import Check, MetricValue, member, number, read_metric, verdict

NAME = "slices"


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """One check for each declared floor, for `margin` and for `max_gap`; and a note on the worst slice."""
    section = member(evaluation, "slices")
    metric = policy.slices.metric or policy.metric
    found = [_floor_check(section, metric, each, policy) for each in policy.slices.named if each.floor is not None]
    if policy.slices.margin is not None and not _is_first(evaluation):
        found.append(_champion_check(section, metric, policy.slices.margin, member(evaluation, "champion")))
    if policy.slices.max_gap is not None:
        found.append(_gap_check(section, metric, policy.slices.max_gap))
    worst = _entries(section, "worst")[:1]
    if worst and read_metric(worst[0], "gap").value is not None:
        gap = read_metric(worst[0], "gap")
        surely = gap.high is not None and gap.high < 0
        chance = "does not explain it" if surely else "could explain it"
        sentence = f"{_gap_text(worst[0], section, metric)}, so chance alone {chance}."
        found.append(Check(f"{NAME}:worst", gap.value, None, gap.low, gap.high, "noted", sentence))
    return tuple(found)


def _floor_check(section: object, metric: str, wanted: Slice, policy: Gate) -> Check:
    name, limit = f"slice:{wanted.name}", wanted.floor or 0.0
    entry = next((each for each in _entries(section, "named") if member(each, "name") == wanted.name), None)
    rows, measured = number(member(entry, "rows")), read_metric(entry, "metric")
    if rows is not None and rows < policy.slices.min_rows:
        sentence = (
            f"Undecided in the slice {wanted.name}: it has {rows:.0f} rows, at least "
            f"{policy.slices.min_rows} are needed."
        )
        return Check(name, measured.value, limit, measured.low, measured.high, "unsure", sentence)
    if measured.value is None or rows is None:
        sentence = f"The evaluation has no usable {metric} of the slice {wanted.name}, so its floor cannot be checked."
        return Check(name, None, limit, None, None, "failed", sentence)
    greater = _greater(metric)
    passed = measured.value >= limit if greater else measured.value <= limit
    place = "keeps to" if passed else ("is below" if greater else "is above")
    sentence = (
        f"In the slice {wanted.name} ({rows:.0f} rows) {metric} {rounded(measured.value)} {place} the "
        f"{'floor' if greater else 'ceiling'} {rounded(limit)}."
    )
    return Check(name, measured.value, limit, measured.low, measured.high, verdict(passed), sentence)


def _champion_check(section: object, metric: str, margin: float, champion: object) -> Check:
    name = f"{NAME}:champion"
    entries = [*_entries(section, "lost"), *_entries(section, "named")]
    worst = _worst_of(entries, "difference")
    if worst is None:
        reason = member(champion, "reason")
        why = str(reason).rstrip(".") if reason else "no slice has a usable difference"
        sentence = f"Undecided against the champion in slices: {why}."
        return Check(name, None, -margin, None, None, "unsure", sentence)
    entry, measured = worst
    passed = (measured.high or 0.0) >= -margin
    surely = "is not significantly worse" if passed else "is significantly worse"
    sentence = (
        f"In {_slice_text(entry)} the candidate {surely} than the champion by more than {rounded(margin)} in {metric}"
        f"{_scores_text(entry)}; the difference is between {_interval_text(measured)}{_correction_text(section)}."
    )
    if passed:
        sentence = sentence.replace("In ", "No slice is significantly worse than with the champion. Even in ", 1)
    return Check(name, measured.value, -margin, measured.low, measured.high, verdict(passed), sentence)


def _gap_check(section: object, metric: str, limit: float) -> Check:
    name = f"{NAME}:gap"
    worst = _worst_of([*_entries(section, "worst"), *_entries(section, "named")], "gap")
    if worst is None:
        none_large_enough = number(member(section, "looked_at")) == 0
        why = "no slice has enough rows" if none_large_enough else "the evaluation has no usable slice"
        sentence = f"Undecided how much worse the worst slice is: {why}."
        return Check(name, None, -limit, None, None, "unsure" if none_large_enough else "failed", sentence)
    entry, measured = worst
    passed = (measured.high or 0.0) >= -limit
    surely = "which is not significantly more" if passed else "which is significantly more"
    sentence = f"{_gap_text(entry, section, metric)}, {surely} than the {rounded(limit)} that is allowed."
    return Check(name, measured.value, -limit, measured.low, measured.high, verdict(passed), sentence)


def _gap_text(entry: object, section: object, metric: str) -> str:
    measured, rest = read_metric(entry, "metric").value, number(member(entry, "rest"))
    known = measured is not None and rest is not None
    scores = f": {metric} {rounded(measured)} against {rounded(rest)} elsewhere" if known else ""  # type: ignore[arg-type]
    gap = read_metric(entry, "gap")
    between = f"the gap is between {_interval_text(gap)}{_correction_text(section)}"
    return f"The candidate is worst in {_slice_text(entry)}{scores}; {between}"


def _worst_of(entries: list[Any], metric_name: str) -> tuple[Any, MetricValue] | None:
    """The slice with the worst upper confidence bound, with its metric; None if none has an interval."""
    measured = [(entry, read_metric(entry, metric_name)) for entry in entries]
    usable = [(e, r) for e, r in measured if None not in (r.value, r.low, r.high) and r.low <= r.high]  # type: ignore[operator]
    return min(usable, key=lambda each: each[1].high or 0.0, default=None)


def _entries(section: object, name: str) -> list[Any]:
    found = member(section, name)
    return found if isinstance(found, list) else []


def _is_first(evaluation: object) -> bool:
    return isinstance(evaluation, Mapping) and "champion" in evaluation and evaluation["champion"] is None


def _slice_text(entry: object) -> str:
    rows = number(member(entry, "rows"))
    return f"the slice {member(entry, 'name')}" + ("" if rows is None else f" ({rows:.0f} rows)")


def _scores_text(entry: object) -> str:
    mine, theirs = read_metric(entry, "metric").value, number(member(entry, "champion"))
    return "" if mine is None or theirs is None else f" ({rounded(mine)} against {rounded(theirs)})"


def _interval_text(measured: MetricValue) -> str:
    if measured.low is None or measured.high is None:
        return "unknown bounds"
    return f"{rounded(measured.low)} and {rounded(measured.high)}"


def _correction_text(section: object) -> str:
    comparisons = number(member(section, "looked_at"))
    return "" if comparisons is None else f", corrected for {comparisons:.0f} comparisons"


def _greater(metric: str) -> bool:
    try:
        return greater_is_better(metric)
    except UnknownMetricError:
        return True
