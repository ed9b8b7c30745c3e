"""Metrics of groups as dots with interval whiskers, on a common scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from perennial.reports.charts.scale import Axis, Scale, scale, ticks
from perennial.reports.charts.svg import WIDTH, element, label, shortened, svg_chart

ROW = 34.0
INSET = 10.0
LETTER = 7.2  # units that a letter takes, on average
SMALL = (150.0, 26.0)


@dataclass(frozen=True)
class Whisker:
    """One group: name, metric and interval. `value_text` is the metric in words, `note` stands behind the name.

    A group that is not judged is drawn hollow.
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    value_text: str = ""
    note: str = ""
    judged: bool = True


def whiskers(title: str, description: str, rows: Sequence[Whisker], axis: Axis, line: float | None = None) -> Markup:
    """Groups under each other, each with its name above its dot; `line` is a value that all are compared with."""
    ends = [edge for row in rows for edge in (row.value, row.low, row.high) if edge is not None]
    x_scale = scale(axis, [*ends, *([line] if line is not None else [])], INSET, WIDTH - INSET)
    bottom = 8 + ROW * len(rows)
    elements = []
    for value in ticks(x_scale.low, x_scale.high):
        elements.append(element("path", d=f"M{x_scale(value):.1f} 4V{bottom:.1f}", class_="grid"))
        elements.append(label(x_scale(value), bottom + 14, axis.written(value), anchor="middle"))
    if line is not None:
        elements.append(element("path", d=f"M{x_scale(line):.1f} 4V{bottom:.1f}", class_="limit"))
    for place, row in enumerate(rows):
        top = 6 + ROW * place
        elements.append(label(INSET, top + 10, _named(row), "name"))
        elements.append(label(WIDTH - INSET, top + 10, row.value_text, "tick", "end"))
        elements += _whisker(row, x_scale, top + 20)
    elements.append(label(WIDTH / 2, bottom + 30, axis.name, "axis", "middle"))
    return svg_chart(bottom + 38, title, description, elements)


def limit_plot(value: float | None, low: float | None, high: float | None, limit: float | None) -> Markup:
    """A metric, its interval and its limit in one line; the text beside it gives the same numbers."""
    seen = [edge for edge in (value, low, high, limit) if edge is not None]
    if value is None or len(seen) < 2:
        return Markup()
    width, height = SMALL
    x_scale = scale(Axis(""), seen, 6.0, width - 6)
    elements = [element("path", d=f"M4 {height / 2}H{width - 4}", class_="grid")]
    if limit is not None:
        elements.append(element("path", d=f"M{x_scale(limit):.1f} 3V{height - 3}", class_="limit"))
    elements += _whisker(Whisker("", value, low, high), x_scale, height / 2)
    return element("svg", *elements, viewBox=f"0 0 {width:g} {height:g}", class_="against", aria_hidden="true")


def _named(row: Whisker) -> str:
    """The name, truncated to the room beside the value text, and the whole note."""
    room = int((WIDTH - 2 * INSET) / LETTER) - len(row.value_text) - len(row.note) - 1
    return shortened(row.name, max(room, 6)) + row.note


def _whisker(row: Whisker, x_scale: Scale, y: float) -> list[Markup]:
    elements = []
    if row.low is not None and row.high is not None:
        low, high = x_scale(row.low), x_scale(row.high)
        d = f"M{low:.1f} {y:.1f}H{high:.1f}M{low:.1f} {y - 4:.1f}V{y + 4:.1f}M{high:.1f} {y - 4:.1f}V{y + 4:.1f}"
        elements.append(element("path", d=d, class_="whisker"))
    style = "mark candidate" if row.judged else "mark hollow"
    elements.append(element("circle", cx=x_scale(row.value), cy=y, r=4.2, class_=style))
    return elements
