"""How groups fare: each measure per group with its interval and the number of rows, and how far groups are apart."""

from __future__ import annotations

from typing import Any

from perennial.reports.contents.models import why_not
from perennial.reports.dossier import Dossier
from perennial.reports.reading import entries, figure, mapping, part, text, whole
from perennial.reports.veil import WITHHELD, Veil

MOST_RULES = 20
MOST_GROUPS = 200


def fairness(dossier: Dossier, veil: Veil) -> dict[str, Any] | str:
    """One entry per rule of the spec, in its order."""
    rules = entries(part(dossier.evaluation, "fairness"))
    if not rules:
        declared = entries(part(part(dossier.spec, "gate"), "fairness"))
        if not mapping(dossier.evaluation):
            return why_not(dossier)
        return (
            "The evaluation does not hold it." if declared else "The spec names no groups to compare (gate.fairness)."
        )
    return {"rules": [_rule(rule, dossier, place, veil) for place, rule in enumerate(rules[:MOST_RULES])]}


def _rule(rule: object, dossier: Dossier, place: int, veil: Veil) -> dict[str, Any]:
    declared = entries(part(part(dossier.spec, "gate"), "fairness"))
    policy = mapping(declared[place]) if place < len(declared) else {}
    columns = [text(name) for name in entries(part(rule, "columns"))]
    groups = [_group(group, columns, veil) for group in entries(part(rule, "groups"))]
    groups.sort(key=lambda group: (not group["judged"], -(group["rows"] or 0), group["name"]))
    return {
        "columns": columns,
        "min_rows": whole(part(policy, "min_rows")),
        "measures": list(dict.fromkeys(name for group in groups for name in group["measures"])),
        "groups": groups[:MOST_GROUPS],
        "groups_left_out": max(len(groups) - MOST_GROUPS, 0),
        "apart": _between(part(rule, "apart"), part(policy, "max_difference")),
        "ratio": _between(part(rule, "ratio"), part(policy, "min_ratio")),
    }


def _group(group: object, columns: list[str], veil: Veil) -> dict[str, Any]:
    values = entries(part(group, "group"))
    named = [veil.group(column, value) for column, value in zip(columns, values, strict=False)]
    measures = {text(name): figure(seen) for name, seen in mapping(part(group, "measures")).items()}
    return {
        "name": ", ".join(named) or WITHHELD,
        "rows": whole(part(group, "rows")),
        "positives": whole(part(group, "positives")),
        "judged": part(group, "judged") is True,
        "measures": {name: seen for name, seen in measures.items() if seen["value"] is not None},
    }


def _between(found: object, limits: object) -> list[dict[str, Any]]:
    """The gap or the ratio of each measure, the two groups it is between, and the limit where one is declared."""
    return [
        {
            "measure": text(name),
            **figure(seen),
            "between": [text(group) for group in entries(part(seen, "between"))],
            "limit": figure({"value": part(limits, name)})["value"],
        }
        for name, seen in list(mapping(found).items())[:MOST_RULES]
    ]


def widest_gap(evaluation: object) -> dict[str, Any] | None:
    """The widest gap between groups over all rules and measures: {"measure", "columns", "value", "low", "high"}."""
    gaps: list[dict[str, Any]] = [
        {"measure": text(name), "columns": [text(column) for column in entries(part(rule, "columns"))], **figure(seen)}
        for rule in entries(part(evaluation, "fairness"))
        for name, seen in mapping(part(rule, "apart")).items()
    ]
    return max((gap for gap in gaps if gap["value"] is not None), key=lambda gap: gap["value"], default=None)
