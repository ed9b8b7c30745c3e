"""Is it good everywhere? Declared slices against their floors, the worst one found, and where it lost most.

The intervals of gaps and differences hold together, whatever number of slices was looked at: they are wide enough
that the worst of many is not called bad for being the worst of many.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate, Slice
from perennial.contract.metrics import UnknownMetricError, greater_is_better
from perennial.figures import plain
from perennial.gate.check import Check, Reading, number, part, reading, verdict

NAME = "slices"


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """One for each declared floor, for `margin` and for `most_worse`; and a note on the worst slice found."""
    section = part(evaluation, "slices")
    metric = policy.slices.metric or policy.metric
    found = [_floor(section, metric, each, policy) for each in policy.slices.named if each.floor is not None]
    if policy.slices.margin is not None and not _is_first(evaluation):
        found.append(_against(section, metric, policy.slices.margin, part(evaluation, "champion")))
    if policy.slices.max_gap is not None:
        found.append(_most_worse(section, metric, policy.slices.max_gap))
    worst = _all(section, "worst")[:1]
    if worst and reading(worst[0], "gap").value is not None:
        gap = reading(worst[0], "gap")
        surely = gap.high is not None and gap.high < 0
        chance = "does not explain it" if surely else "could explain it"
        sentence = f"{_told(worst[0], section, metric)}, so chance alone {chance}."
        found.append(Check(f"{NAME}:worst", gap.value, None, gap.low, gap.high, "noted", sentence))
    return tuple(found)


def _floor(section: object, metric: str, wanted: Slice, policy: Gate) -> Check:
    name, limit = f"slice:{wanted.name}", wanted.floor or 0.0
    entry = next((each for each in _all(section, "named") if part(each, "name") == wanted.name), None)
    rows, seen = number(part(entry, "rows")), reading(entry, "figure")
    if rows is not None and rows < policy.slices.min_rows:
        sentence = (
            f"Cannot tell how good it is in the slice {wanted.name}: it has {rows:.0f} rows, at least "
            f"{policy.slices.min_rows} are needed."
        )
        return Check(name, seen.value, limit, seen.low, seen.high, "unsure", sentence)
    if seen.value is None or rows is None:
        sentence = f"The evaluation has no usable {metric} of the slice {wanted.name}, so its floor cannot be checked."
        return Check(name, None, limit, None, None, "failed", sentence)
    greater = _greater(metric)
    passed = seen.value >= limit if greater else seen.value <= limit
    place = "keeps to" if passed else ("is below" if greater else "is above")
    sentence = (
        f"In the slice {wanted.name} ({rows:.0f} rows) {metric} {plain(seen.value)} {place} the "
        f"{'floor' if greater else 'ceiling'} {plain(limit)}."
    )
    return Check(name, seen.value, limit, seen.low, seen.high, verdict(passed), sentence)


def _against(section: object, metric: str, margin: float, champion: object) -> Check:
    name = f"{NAME}:champion"
    entries = [*_all(section, "lost"), *_all(section, "named")]
    lost = _worst_of(entries, "difference")
    if lost is None:
        reason = part(champion, "reason")
        why = str(reason).rstrip(".") if reason else "no slice has a usable difference"
        sentence = f"Cannot tell whether it lost against the champion in some slice: {why}."
        return Check(name, None, -margin, None, None, "unsure", sentence)
    entry, seen = lost
    passed = (seen.high or 0.0) >= -margin
    surely = "is not surely worse" if passed else "is surely worse"
    sentence = (
        f"In {_where(entry)} the candidate {surely} than the champion by more than {plain(margin)} in {metric}"
        f"{_both(entry)}; the difference is between {_ends(seen)}{_looks(section)}."
    )
    if passed:
        sentence = sentence.replace("In ", "Nowhere has it surely lost against the champion. Even in ", 1)
    return Check(name, seen.value, -margin, seen.low, seen.high, verdict(passed), sentence)


def _most_worse(section: object, metric: str, limit: float) -> Check:
    name = f"{NAME}:gap"
    worst = _worst_of([*_all(section, "worst"), *_all(section, "named")], "gap")
    if worst is None:
        few = number(part(section, "looked_at")) == 0
        why = "no slice has enough rows" if few else "the evaluation has no usable slice"
        sentence = f"Cannot tell how much worse it is in some slice: {why}."
        return Check(name, None, -limit, None, None, "unsure" if few else "failed", sentence)
    entry, seen = worst
    passed = (seen.high or 0.0) >= -limit
    surely = "which is not surely more" if passed else "which is surely more"
    sentence = f"{_told(entry, section, metric)}, {surely} than the {plain(limit)} that is allowed."
    return Check(name, seen.value, -limit, seen.low, seen.high, verdict(passed), sentence)


def _told(entry: object, section: object, metric: str) -> str:
    seen, rest = reading(entry, "figure").value, number(part(entry, "rest"))
    figures = f": {metric} {plain(seen)} against {plain(rest)} elsewhere" if None not in (seen, rest) else ""  # type: ignore[arg-type]
    gap = reading(entry, "gap")
    return f"The candidate is worst in {_where(entry)}{figures}; the gap is between {_ends(gap)}{_looks(section)}"


def _worst_of(entries: list[Any], what: str) -> tuple[Any, Reading] | None:
    """The slice that is worse even where chance was kind to it, with its figure; None where none has an interval."""
    seen = [(entry, reading(entry, what)) for entry in entries]
    usable = [(e, r) for e, r in seen if None not in (r.value, r.low, r.high) and r.low <= r.high]  # type: ignore[operator]
    return min(usable, key=lambda each: each[1].high or 0.0, default=None)


def _all(section: object, name: str) -> list[Any]:
    found = part(section, name)
    return found if isinstance(found, list) else []


def _is_first(evaluation: object) -> bool:
    return isinstance(evaluation, Mapping) and "champion" in evaluation and evaluation["champion"] is None


def _where(entry: object) -> str:
    rows = number(part(entry, "rows"))
    return f"the slice {part(entry, 'name')}" + ("" if rows is None else f" ({rows:.0f} rows)")


def _both(entry: object) -> str:
    mine, theirs = reading(entry, "figure").value, number(part(entry, "champion"))
    return "" if mine is None or theirs is None else f" ({plain(mine)} against {plain(theirs)})"


def _ends(seen: Reading) -> str:
    if seen.low is None or seen.high is None:
        return "unknown ends"
    return f"{plain(seen.low)} and {plain(seen.high)}"


def _looks(section: object) -> str:
    looks = number(part(section, "looked_at"))
    return "" if looks is None else f", corrected for {looks:.0f} looks"


def _greater(metric: str) -> bool:
    try:
        return greater_is_better(metric)
    except UnknownMetricError:
        return True
