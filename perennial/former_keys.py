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


def _each(entries: Any, former: str, name: str) -> Any:
    return [_renamed(entry, former, name) for entry in entries] if isinstance(entries, list) else entries


def _renamed(entry: Any, former: str, name: str) -> Any:
    if not isinstance(entry, Mapping) or former not in entry or name in entry:
        return entry
    return {name if key == former else key: value for key, value in entry.items()}
