"""The fairness section: each metric per group, with interval and rows, and the differences between groups."""

from __future__ import annotations

from typing import Any

from perennial.reports.contents.models import why_not
from perennial.reports.json_values import entries, mapping, member, metric_value, text, whole
from perennial.reports.redaction import WITHHELD, Redaction
from perennial.reports.report_data import ReportData

MAX_RULES = 20
MAX_GROUPS = 200


def fairness(data: ReportData, redaction: Redaction) -> dict[str, Any] | str:
    """One entry per rule of the spec, in its order."""
    rules = entries(member(data.evaluation, "fairness"))
    if not rules:
        declared = entries(member(member(data.spec, "gate"), "fairness"))
        if not mapping(data.evaluation):
            return why_not(data)
        return (
            "The evaluation does not hold it." if declared else "The spec names no groups to compare (gate.fairness)."
        )
    return {"rules": [_rule(rule, data, place, redaction) for place, rule in enumerate(rules[:MAX_RULES])]}


def _rule(rule: object, data: ReportData, place: int, redaction: Redaction) -> dict[str, Any]:
    declared = entries(member(member(data.spec, "gate"), "fairness"))
    policy = mapping(declared[place]) if place < len(declared) else {}
    columns = [text(name) for name in entries(member(rule, "columns"))]
    groups = [_group(group, columns, redaction) for group in entries(member(rule, "groups"))]
    groups.sort(key=lambda group: (not group["judged"], -(group["rows"] or 0), group["name"]))
    return {
        "columns": columns,
        "min_rows": whole(member(policy, "min_rows")),
        "measures": list(dict.fromkeys(name for group in groups for name in group["measures"])),
        "groups": groups[:MAX_GROUPS],
        "groups_left_out": max(len(groups) - MAX_GROUPS, 0),
        "apart": _between(member(rule, "apart"), member(policy, "max_difference")),
        "ratio": _between(member(rule, "ratio"), member(policy, "min_ratio")),
    }


def _group(group: object, columns: list[str], redaction: Redaction) -> dict[str, Any]:
    values = entries(member(group, "group"))
    named = [redaction.group(column, value) for column, value in zip(columns, values, strict=False)]
    measures = {text(name): metric_value(seen) for name, seen in mapping(member(group, "measures")).items()}
    return {
        "name": ", ".join(named) or WITHHELD,
        "rows": whole(member(group, "rows")),
        "positives": whole(member(group, "positives")),
        "judged": member(group, "judged") is True,
        "measures": {name: seen for name, seen in measures.items() if seen["value"] is not None},
    }


def _between(found: object, limits: object) -> list[dict[str, Any]]:
    """The difference or ratio of each metric, its two groups, and the declared limit."""
    return [
        {
            "measure": text(name),
            **metric_value(seen),
            "between": [text(group) for group in entries(member(seen, "between"))],
            "limit": metric_value({"value": member(limits, name)})["value"],
        }
        for name, seen in list(mapping(found).items())[:MAX_RULES]
    ]


def widest_gap(evaluation: object) -> dict[str, Any] | None:
    """The largest difference over all rules and metrics: {"measure", "columns", "value", "low", "high"}."""
    gaps: list[dict[str, Any]] = [
        {
            "measure": text(name),
            "columns": [text(column) for column in entries(member(rule, "columns"))],
            **metric_value(seen),
        }
        for rule in entries(member(evaluation, "fairness"))
        for name, seen in mapping(member(rule, "apart")).items()
    ]
    return max((gap for gap in gaps if gap["value"] is not None), key=lambda gap: gap["value"], default=None)
