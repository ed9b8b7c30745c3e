"""The page: page.md with its tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.document import tables

_PAGE = Path(__file__).with_name("page.md")


def page(results: Mapping[str, Any]) -> str:
    """The page in Markdown."""
    stamp = results["stamp"]
    return _PAGE.read_text(encoding="utf-8").format(
        date=stamp["date"],
        rows=stamp["rows"],
        repeats=stamp["repeats"],
        comparisons=tables.comparisons(results),
        reasons="".join(f"\n{name}, not measured:\n\n```\n{reason}\n```\n" for name, reason in _reasons(results)),
        limits=tables.limits(results),
        growth=tables.growth(results),
        imports=tables.imports(results),
        seconds=tables.seconds(results),
        machine="".join(f"- {name}: {value}\n" for name, value in results["machine"].items()),
        peers=tables.peers(results),
    )


def _reasons(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    lines = results["comparisons"].items()
    return [(name, line["reason"]) for name, line in lines if "reason" in line]
