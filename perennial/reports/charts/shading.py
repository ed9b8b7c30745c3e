"""A table with cells shaded by their share: screen readers can read it and its text can be copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from perennial.reports.charts.svg import element

DEPTHS = 9


@dataclass(frozen=True)
class Cell:
    """The text of a cell, and the depth of its shade from 0 to 1."""

    value_text: str
    depth: float
    more: str = ""


def shaded_table(
    caption: str, corner: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[Cell]]]
) -> Markup:
    """The table; each row begins with its name."""
    head = element("tr", element("th", corner, scope="col"), *[element("th", name, scope="col") for name in columns])
    body = [element("tr", element("th", name, scope="row"), *map(_cell, cells)) for name, cells in rows]
    parts = element("caption", caption), element("thead", head), element("tbody", *body)
    return element("table", *parts, class_="shaded")


def _cell(cell: Cell) -> Markup:
    depth = round(min(max(cell.depth, 0.0), 1.0) * DEPTHS)
    more = element("small", cell.more) if cell.more else ""
    return element("td", cell.value_text, more, class_=f"depth{depth}")
