"""A dot with whiskers for each of some groups: the figure and its interval, on one common scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from perennial.reports.charts.scale import Axis, Scale, scale, ticks
from perennial.reports.charts.svg import WIDTH, element, label, picture, shortened

ROW = 34.0
INSET = 10.0
LETTER = 7.2  # units that a letter takes, on average
SMALL = (150.0, 26.0)


@dataclass(frozen=True)
class Whisker:
    """One group: name, figure and interval. `said` is the figure in words, `note` stands behind the name.

    A group that is not judged is drawn hollow.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    said: str = ""
    note: str = ""
    judged: bool = True


def whiskers(title: str, told: str, rows: Sequence[Whisker], axis: Axis, line: float | None = None) -> Markup:
    """Groups under each other, each with its name above its dot; `line` is a value that all are compared with."""
    ends = [edge for row in rows for edge in (row.value, row.low, row.high) if edge is not None]
    across = scale(axis, [*ends, *([line] if line is not None else [])], INSET, WIDTH - INSET)
    bottom = 8 + ROW * len(rows)
    drawn = []
    for value in ticks(across.low, across.high):
        drawn.append(element("path", d=f"M{across(value):.1f} 4V{bottom:.1f}", class_="grid"))
        drawn.append(label(across(value), bottom + 14, axis.written(value), anchor="middle"))
    if line is not None:
        drawn.append(element("path", d=f"M{across(line):.1f} 4V{bottom:.1f}", class_="limit"))
    for place, row in enumerate(rows):
        top = 6 + ROW * place
        drawn.append(label(INSET, top + 10, _named(row), "name"))
        drawn.append(label(WIDTH - INSET, top + 10, row.said, "tick", "end"))
        drawn += _whisker(row, across, top + 20)
    drawn.append(label(WIDTH / 2, bottom + 30, axis.name, "axis", "middle"))
    return picture(bottom + 38, title, told, drawn)


def against(value: float | None, low: float | None, high: float | None, limit: float | None) -> Markup:
    """A figure, its interval and its limit in a line of text; the text beside it says the same."""
    seen = [edge for edge in (value, low, high, limit) if edge is not None]
    if value is None or len(seen) < 2:
        return Markup()
    width, height = SMALL
    across = scale(Axis(""), seen, 6.0, width - 6)
    drawn = [element("path", d=f"M4 {height / 2}H{width - 4}", class_="grid")]
    if limit is not None:
        drawn.append(element("path", d=f"M{across(limit):.1f} 3V{height - 3}", class_="limit"))
    drawn += _whisker(Whisker("", value, low, high), across, height / 2)
    return element("svg", *drawn, viewBox=f"0 0 {width:g} {height:g}", class_="against", aria_hidden="true")


def _named(row: Whisker) -> str:
    """As much of the name as the figure at the other end of the line leaves room for; the note stays whole."""
    room = int((WIDTH - 2 * INSET) / LETTER) - len(row.said) - len(row.note) - 1
    return shortened(row.name, max(room, 6)) + row.note


def _whisker(row: Whisker, across: Scale, y: float) -> list[Markup]:
    drawn = []
    if row.low is not None and row.high is not None:
        low, high = across(row.low), across(row.high)
        d = f"M{low:.1f} {y:.1f}H{high:.1f}M{low:.1f} {y - 4:.1f}V{y + 4:.1f}M{high:.1f} {y - 4:.1f}V{y + 4:.1f}"
        drawn.append(element("path", d=d, class_="whisker"))
    look = "mark candidate" if row.judged else "mark hollow"
    drawn.append(element("circle", cx=across(row.value), cy=y, r=4.2, class_=look))
    return drawn
