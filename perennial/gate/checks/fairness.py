"""Fairness checks: the largest difference and the smallest ratio between groups, against the limits of the spec.

The metric itself is compared with the limit: a breach refuses the candidate even if chance alone could explain it, and
the sentence says so. With fewer than two groups of enough rows the check is unsure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from perennial.contract.gate import Fairness, Gate
from perennial.contract.values import rounded
from perennial.gate.check import Check, MetricValue, member, number, read_metric, verdict

_MEASURE_TEXTS = {
    "selection_rate": "the share of positive predictions",
    "true_positive_rate": "the share of positives predicted positive",
    "false_positive_rate": "the share of negatives predicted positive",
    "calibration": "the mean prediction minus the observed mean",
    "error": "the error",
}


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """One check for each limit of each rule, and a note on each rule without limits."""
    sections = member(evaluation, "fairness")
    found = sections if isinstance(sections, list) else []
    return tuple(
        check
        for place, rule in enumerate(policy.fairness)
        for check in _of_rule(rule, found[place] if place < len(found) else None)
    )


def _of_rule(rule: Fairness, entry: object) -> Iterator[Check]:
    fits = member(entry, "columns") == list(rule.columns)
    measured = entry if fits else None
    for measure, limit in rule.max_difference.items():
        yield _check(rule, measure, limit, measured, "apart")
    for measure, limit in rule.min_ratio.items():
        yield _check(rule, measure, limit, measured, "ratio")
    if not rule.max_difference and not rule.min_ratio:
        yield from _note(rule, measured)


def _check(rule: Fairness, measure: str, limit: float, entry: object, kind: str) -> Check:
    name = f"fairness:{_column_names(rule)}:{measure}" + (":ratio" if kind == "ratio" else "")
    metrics = member(entry, kind)
    measured = read_metric(metrics, measure)
    if measured.value is None:
        few = entry is not None and _comparable_groups(entry, measure, rule) < 2
        reason = (
            f"fewer than two groups of {_column_names(rule)} have {rule.min_rows} rows and enough of the class "
            f"that {measure} is a share of"
            if few
            else f"the evaluation has no usable {measure}"
        )
        sentence = f"Groups of {_column_names(rule)} cannot be compared by {measure}: {reason}."
        return Check(name, None, limit, None, None, "unsure" if few else "failed", sentence)
    passed = measured.value <= limit if kind == "apart" else measured.value >= limit
    sentence = f"{_gap_text(rule, measure, measured, metrics, entry, kind)}, {_limit_text(measured, limit, kind)}."
    return Check(name, measured.value, limit, measured.low, measured.high, verdict(passed), sentence)


def _note(rule: Fairness, entry: object) -> Iterator[Check]:
    """A note on the largest difference, for the first metric that has one."""
    for measure in _MEASURE_TEXTS:
        measured = read_metric(member(entry, "apart"), measure)
        if measured.value is not None:
            sentence = f"{_gap_text(rule, measure, measured, member(entry, 'apart'), entry, 'apart')}; no limit is set."
            yield Check(
                f"fairness:{_column_names(rule)}", measured.value, None, measured.low, measured.high, "noted", sentence
            )
            return


def _gap_text(rule: Fairness, measure: str, measured: MetricValue, metrics: object, entry: object, kind: str) -> str:
    high, low = _pair_names(member(metrics, measure))
    of_high, of_low = (_of_group(entry, name, measure) for name in (high, low))
    wording = (
        f"differs by {rounded(measured.value or 0.0)}"
        if kind == "apart"
        else f"has the ratio {rounded(measured.value or 0.0)}"
    )
    name = _MEASURE_TEXTS.get(measure, measure)
    return f"Between {_column_names(rule)} {high}{of_high} and {low}{of_low}, {name} {wording}"


def _limit_text(measured: MetricValue, limit: float, kind: str) -> str:
    """States the metric's relation to its limit, and whether chance alone could explain it."""
    value, low, high = measured.value or 0.0, measured.low, measured.high
    wording, passed = ("most", value <= limit) if kind == "apart" else ("least", value >= limit)
    text = f"which {'keeps to' if passed else 'breaches'} the limit of at {wording} {rounded(limit)}"
    if low is None or high is None:
        return f"{text}; it has no interval"
    between = f"its interval is {rounded(low)} to {rounded(high)}"
    reaches = low <= limit <= high
    if passed:
        return f"{text}; {between}" + (", which reaches beyond the limit" if reaches else "")
    explained = "so chance alone could explain the breach" if reaches else "so chance alone does not explain the breach"
    return f"{text}; {between}, {explained}"


def _comparable_groups(entry: object, measure: str, rule: Fairness) -> int:
    """The number of groups that this metric compares."""
    groups = member(entry, "groups")
    if not isinstance(groups, list):
        return 2  # malformed, not too few
    return sum(
        member(group, "judged") is True and read_metric(member(group, "measures"), measure).value is not None
        for group in groups
        if _enough(group, measure, rule)
    )


def _enough(group: object, measure: str, rule: Fairness) -> bool:
    rows, positives = number(member(group, "rows")), number(member(group, "positives"))
    if rows is None or positives is None or measure not in ("true_positive_rate", "false_positive_rate"):
        return True
    of_a_kind = positives if measure == "true_positive_rate" else rows - positives
    return of_a_kind >= min(10, rule.min_rows)


def _of_group(entry: object, name: str, measure: str) -> str:
    groups = member(entry, "groups")
    for group in groups if isinstance(groups, list) else []:
        values = member(group, "group")
        if isinstance(values, list) and " and ".join(str(value) for value in values) == name:
            measured = read_metric(member(group, "measures"), measure).value
            rows = number(member(group, "rows"))
            if measured is not None and rows is not None:
                return f" ({rounded(measured)} of {rows:.0f} rows)"
    return ""


def _pair_names(metric: object) -> tuple[str, str]:
    names = member(metric, "between")
    if isinstance(names, list) and len(names) == 2:
        return str(names[0]), str(names[1])
    return "one group", "another"


def _column_names(rule: Fairness) -> str:
    return " and ".join(rule.columns)
