"""Are groups of people treated alike? The widest gap and the smallest ratio against the limits that a spec sets.

A limit is held by the figure itself, so a breach refuses the candidate even where chance alone could explain it; the
sentence says which of both it is. Too few rows in all groups but one are a question that the rows cannot answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from perennial.contract.gate import Fairness, Gate
from perennial.figures import plain
from perennial.gate.check import Check, Reading, number, part, reading, verdict

_WORDS = {
    "selection_rate": "the share that is said positive",
    "true_positive_rate": "the share of positives that are found",
    "false_positive_rate": "the share of negatives that are taken for positives",
    "calibration": "the mean of what is predicted minus what is observed",
    "error": "the error",
}


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """One for each limit of each rule, and a note on each rule without limits."""
    sections = part(evaluation, "fairness")
    found = sections if isinstance(sections, list) else []
    return tuple(
        check
        for place, rule in enumerate(policy.fairness)
        for check in _of_rule(rule, found[place] if place < len(found) else None)
    )


def _of_rule(rule: Fairness, entry: object) -> Iterator[Check]:
    fits = part(entry, "columns") == list(rule.columns)
    seen = entry if fits else None
    for measure, limit in rule.max_difference.items():
        yield _check(rule, measure, limit, seen, "apart")
    for measure, limit in rule.min_ratio.items():
        yield _check(rule, measure, limit, seen, "ratio")
    if not rule.max_difference and not rule.min_ratio:
        yield from _note(rule, seen)


def _check(rule: Fairness, measure: str, limit: float, entry: object, kind: str) -> Check:
    name = f"fairness:{_called(rule)}:{measure}" + (":ratio" if kind == "ratio" else "")
    figures = part(entry, kind)
    seen = reading(figures, measure)
    if seen.value is None:
        few = entry is not None and _comparable(entry, measure, rule) < 2
        reason = (
            f"fewer than two groups of {_called(rule)} have the {rule.min_rows} rows, and enough of the kind in "
            "question, that are needed"
            if few
            else f"the evaluation has no usable figure for {measure}"
        )
        sentence = f"Groups of {_called(rule)} cannot be compared by {measure}: {reason}."
        return Check(name, None, limit, None, None, "unsure" if few else "failed", sentence)
    passed = seen.value <= limit if kind == "apart" else seen.value >= limit
    sentence = f"{_standing(rule, measure, seen, figures, entry, kind)}, {_place(seen, limit, kind)}."
    return Check(name, seen.value, limit, seen.low, seen.high, verdict(passed), sentence)


def _note(rule: Fairness, entry: object) -> Iterator[Check]:
    """Without limits the widest gap is told, by the first measure that has one."""
    for measure in _WORDS:
        seen = reading(part(entry, "apart"), measure)
        if seen.value is not None:
            sentence = f"{_standing(rule, measure, seen, part(entry, 'apart'), entry, 'apart')}; no limit is set."
            yield Check(f"fairness:{_called(rule)}", seen.value, None, seen.low, seen.high, "noted", sentence)
            return


def _standing(rule: Fairness, measure: str, seen: Reading, figures: object, entry: object, kind: str) -> str:
    high, low = _between(part(figures, measure))
    of_high, of_low = (_of_group(entry, name, measure) for name in (high, low))
    word = f"differs by {plain(seen.value or 0.0)}" if kind == "apart" else f"has the ratio {plain(seen.value or 0.0)}"
    return f"Between {_called(rule)} {high}{of_high} and {low}{of_low}, {_WORDS.get(measure, measure)} {word}"


def _place(seen: Reading, limit: float, kind: str) -> str:
    """Where the figure is to its limit, and whether chance alone could have brought it there."""
    value, low, high = seen.value or 0.0, seen.low, seen.high
    word, passed = ("most", value <= limit) if kind == "apart" else ("least", value >= limit)
    told = f"which {'keeps to' if passed else 'breaches'} the limit of at {word} {plain(limit)}"
    if low is None or high is None:
        return f"{told}; it has no interval"
    between = f"its interval is {plain(low)} to {plain(high)}"
    reaches = low <= limit <= high
    if passed:
        return f"{told}; {between}" + (", which reaches beyond the limit" if reaches else "")
    explained = "so chance alone could explain the breach" if reaches else "so chance alone does not explain the breach"
    return f"{told}; {between}, {explained}"


def _comparable(entry: object, measure: str, rule: Fairness) -> int:
    """How many groups were judged by this measure."""
    groups = part(entry, "groups")
    if not isinstance(groups, list):
        return 2  # malformed, which is not the same as too few
    return sum(
        part(group, "judged") is True and reading(part(group, "measures"), measure).value is not None
        for group in groups
        if _enough(group, measure, rule)
    )


def _enough(group: object, measure: str, rule: Fairness) -> bool:
    rows, positives = number(part(group, "rows")), number(part(group, "positives"))
    if rows is None or positives is None or measure not in ("true_positive_rate", "false_positive_rate"):
        return True
    of_a_kind = positives if measure == "true_positive_rate" else rows - positives
    return of_a_kind >= min(10, rule.min_rows)


def _of_group(entry: object, name: str, measure: str) -> str:
    groups = part(entry, "groups")
    for group in groups if isinstance(groups, list) else []:
        values = part(group, "group")
        if isinstance(values, list) and " and ".join(str(value) for value in values) == name:
            seen = reading(part(group, "measures"), measure).value
            rows = number(part(group, "rows"))
            if seen is not None and rows is not None:
                return f" ({plain(seen)} of {rows:.0f} rows)"
    return ""


def _between(figure: object) -> tuple[str, str]:
    names = part(figure, "between")
    if isinstance(names, list) and len(names) == 2:
        return str(names[0]), str(names[1])
    return "one group", "another"


def _called(rule: Fairness) -> str:
    return " and ".join(rule.columns)
