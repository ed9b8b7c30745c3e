"""Keys of stored JSON documents in earlier releases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def with_current_keys(document: Any) -> Any:
    """An evaluation.json, decision.json or drift.json with the current keys; other documents are returned unchanged.

    Only the objects that held the former keys are changed: columns, groups and classes keep the names of the data.
    """
    if not isinstance(document, Mapping):
        return document
    current = dict(document)
    for model in ("candidate", "champion"):
        if model in current:
            current[model] = _renamed(current[model], "figures", "metrics")
    if isinstance(slices := current.get("slices"), Mapping):
        current["slices"] = {name: _each(found, "figure", "metric") for name, found in slices.items()}
    if "checks" in current:
        current["checks"] = _each(current["checks"], "figure", "value")
    if isinstance(columns := current.get("columns"), Mapping):
        current["columns"] = {name: _renamed(column, "figures", "metrics") for name, column in columns.items()}
    return current


def spec_with_current_keys(document: Any) -> Any:
    """A stored spec with the current keys and without the nulls of earlier releases; another one is unchanged.

    Values that are the team's own (parameters, replacements, conditions) are kept as they are.
    """
    if not isinstance(document, Mapping):
        return document
    current = dict(_without_nulls(document))
    current["columns"] = {name: _named(column) for name, column in dict(current.get("columns", {})).items()}
    for part, names in _FORMER.items():
        current = _within(current, part.split("."), names)
    if isinstance(drift := current.get("drift"), Mapping):
        current["drift"] = {name: _named(threshold) for name, threshold in drift.items()}
    return current


#: by part of a spec: the former keys and the current ones
_FORMER: dict[str, dict[str, str]] = {
    "validation": {"null_marks": "null_values"},
    "validation.volume": {"least": "min_ratio", "most": "max_ratio"},
    "drift": {"gone": "missing_category", "over_all": "dataset_drift"},
    "gate.behaviour": {"may_fail": "max_failure_rate"},
    "gate.fairness": {"least_ratio": "min_ratio", "most_apart": "max_difference"},
    "gate.slices": {"most_worse": "max_gap"},
    "gate.value": {"may_lack": "max_missing_rate"},
}
_COLUMN = {"null_marks": "null_values", "watch": "warn", "drifted": "alert"}  # of a column, and of a threshold
_OWN = ("parameters", "replace", "where", "add", "set")


def _without_nulls(part: Any) -> Any:
    if isinstance(part, Mapping):
        kept = {key: value for key, value in part.items() if value is not None}
        return {key: value if key in _OWN else _without_nulls(value) for key, value in kept.items()}
    return [_without_nulls(one) for one in part] if isinstance(part, list) else part


def _named(part: Any, names: Mapping[str, str] = _COLUMN) -> Any:
    return {names.get(key, key): value for key, value in part.items()} if isinstance(part, Mapping) else part


def _within(document: dict[str, Any], path: list[str], names: Mapping[str, str]) -> dict[str, Any]:
    """The document with the keys of one of its parts, or of each entry of a list, replaced."""
    first, *rest = path
    part = document.get(first)
    if isinstance(part, Mapping):
        part = _within(dict(part), rest, names) if rest else _named(part, names)
    elif isinstance(part, list) and not rest:
        part = [_named(entry, names) for entry in part]
    return document | ({first: part} if part is not None else {})


def _each(entries: Any, former: str, name: str) -> Any:
    return [_renamed(entry, former, name) for entry in entries] if isinstance(entries, list) else entries


def _renamed(entry: Any, former: str, name: str) -> Any:
    if not isinstance(entry, Mapping) or former not in entry or name in entry:
        return entry
    return {name if key == former else key: value for key, value in entry.items()}
