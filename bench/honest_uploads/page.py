"""The table of docs/security.md, from the results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.processes import ROOT
from perennial.gate.checks.overwrites import FALL, LABELS

RESULTS = ROOT / "bench" / "results" / "honest_uploads.json"
PAGE: Path = ROOT / "docs" / "security.md"


def lines(results: Mapping[str, Any]) -> list[str]:
    """A line for each series, with the sum over all tables; then the sum of all."""
    series: dict[str, list[Mapping[str, int]]] = {}
    for table in results.values():
        for name, found in table.items():
            series.setdefault(name, []).append(found)
    head = [
        "| uploads | judged | ask a person | by changed labels | by the champion's fall |",
        "| --- |" + " ---: |" * 4,
    ]
    everything = [found for each in series.values() for found in each]
    return [
        *head,
        *(_line(name, each) for name, each in series.items()),
        _line(f"all, of {len(results)} tables", everything),
    ]


def _line(name: str, found: list[Mapping[str, int]]) -> str:
    judged, asked = (sum(each[key] for each in found) for key in ("judged", "asked"))
    by = [sum(each.get(key, 0) for each in found) for key in (LABELS, FALL)]
    return f"| {name} | {judged} | {asked} ({asked / judged:.1%}) | {by[0]} | {by[1]} |"
