"""Two profiles of one column as shares of rows over common bins."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from perennial.contract.naming import FEWEST_NAMED
from perennial.profile import ColumnGrid, ColumnProfile
from perennial.reports.json_values import text

BARS = 32
NAMES = 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def distribution(name: str, grid: ColumnGrid, before: ColumnProfile, now: ColumnProfile) -> dict[str, Any] | None:
    """Shares of the rows with a value: over common edges, or by category. None if one dataset has no value."""
    if not (before.count and now.count):
        return None
    common = {
        "name": name,
        "type": grid.type,
        "role": grid.role,
        "missing": {"before": _missing(before), "now": _missing(now)},
    }
    if grid.kind == "categories":
        return common | {"kind": "categories", "categories": _categories(grid, before, now)}
    edges = _edges(grid)
    return common | {
        "kind": grid.kind,
        "edges": edges,
        "edge_names": {"low": edge(grid.type, edges[0]), "high": edge(grid.type, edges[-1])},
        "before": _shares(before),
        "now": _shares(now),
        "beyond": {
            side: {"below": found.cells[0] / found.count, "above": found.cells[-1] / found.count}
            for side, found in (("before", before), ("now", now))
        },
    }


def _edges(grid: ColumnGrid) -> list[float]:
    """The edges of the bars, rounded to at most half a bar: the ends of a grid may be the values of single rows."""
    width = (grid.high - grid.low) / BARS
    edges = [grid.low + width * place for place in range(BARS + 1)]
    if not 0 < width < math.inf:
        return edges
    digits = -math.floor(math.log10(width / 2))
    return [round(value, digits) for value in edges]


def edge(type_: str, value: float) -> str | None:
    """The edge as a date or datetime for columns of these types, None for a number."""
    try:
        if type_ == "date":
            return (_EPOCH + timedelta(days=round(value))).date().isoformat()
        if type_ == "datetime":
            return (_EPOCH + timedelta(microseconds=round(value))).isoformat(sep=" ", timespec="minutes")[:16]
    except OverflowError:
        return f"{value:g}"
    return None


def _missing(column: ColumnProfile) -> float:
    return (column.nulls + column.nans) / max(column.rows, 1)


def _shares(column: ColumnProfile) -> list[float]:
    inside = column.cells[1:-1]
    size = len(inside) // BARS
    return [sum(inside[size * bar : size * (bar + 1)]) / column.count for bar in range(BARS)]


def _categories(grid: ColumnGrid, before: ColumnProfile, now: ColumnProfile) -> list[dict[str, Any]]:
    """The most frequent categories of both datasets; all others as one, and those of few rows among them."""
    sides = [[count / side.count for count in (*side.cells, side.other)] for side in (before, now)]
    shares = list(zip([*grid.categories, None], *sides, strict=True))
    named = sorted((one for one in shares if one[0] is not None), key=lambda one: -max(one[1], one[2]))
    counts = zip(grid.categories, before.cells, now.cells, strict=True)
    many = {name for name, first, second in counts if max(first, second) >= FEWEST_NAMED}
    shown = [one for one in named[:NAMES] if one[0] in many]
    rest = [one for one in shares if one not in shown]
    found = [{"name": text(name), "before": first, "now": second} for name, first, second in shown]
    others = {"name": "all others", "before": sum(one[1] for one in rest), "now": sum(one[2] for one in rest)}
    return [*found, others] if others["before"] or others["now"] else found
