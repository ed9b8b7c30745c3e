"""Bars: overlaid histograms, and categories in pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from perennial.reports.charts.scale import BOTTOM, LEFT, NAMELESS, RIGHT, TOP, Axis, Scale, frame, legend, scale
from perennial.reports.charts.svg import WIDTH, element, label, path, shortened, svg_chart
from perennial.reports.numbers import share

HEIGHT = 220.0
ROW = 38.0  # units a pair of categories takes
NAME = 31  # characters of a category that fit beside its shares


@dataclass(frozen=True)
class Bars:
    """Heights between edges (one fewer than edges). `style`: filled, or an outline over a filled one."""

    name: str
    heights: Sequence[float]
    style: str = "filled"


def histograms(
    title: str, description: str, edges: Sequence[float], series: Sequence[Bars], x: Axis, y: Axis
) -> Markup:
    """Distributions over common edges, the first behind the others."""
    x_scale = scale(x, edges, LEFT, RIGHT)
    y_scale = scale(y, [height for bars in series for height in bars.heights], HEIGHT - BOTTOM, TOP)
    elements = frame(x, y, x_scale, y_scale)
    elements += [_steps(bars, edges, x_scale, y_scale) for bars in series]
    names = legend([(bars.name, _mark(bars)) for bars in series if bars.name])
    return svg_chart(HEIGHT if x.name else HEIGHT - NAMELESS, title, description, [*elements, *names])


def _steps(bars: Bars, edges: Sequence[float], x_scale: Scale, y_scale: Scale) -> Markup:
    corners = [(x_scale(edges[0]), y_scale(0.0))]
    for (left, right), height in zip(pairwise(edges), bars.heights, strict=False):
        corners += [(x_scale(left), y_scale(height)), (x_scale(right), y_scale(height))]
    corners.append((corners[-1][0], y_scale(0.0)))
    return element("path", d=path(corners, closed=bars.style == "filled"), class_=f"bars {bars.style}")


def _mark(bars: Bars) -> Markup:
    if bars.style == "filled":
        return element("rect", x=4, y=-5, width=14, height=10, class_="bars filled")
    return element("path", d="M0 4H6V-4H16V4H22", class_=f"bars {bars.style}")


def paired_bars(
    title: str, description: str, rows: Sequence[tuple[str, float, float]], names: tuple[str, str]
) -> Markup:
    """For each category its share before (an outline) and now (filled), one above the other."""
    most = max((max(one, two) for _, one, two in rows), default=0.0) or 1.0
    length = Scale(0.0, most, 0.0, RIGHT - LEFT - 20)
    elements = legend([(names[0], _mark(Bars("", (), "outline"))), (names[1], _mark(Bars("", ())))])
    for place, (name, before, now) in enumerate(rows):
        top = 24 + ROW * place
        elements.append(label(4.0, top + 10, shortened(name, NAME), "name"))
        for below, value, style in ((14.0, before, "outline"), (23.0, now, "filled")):
            elements.append(element("rect", x=4, y=top + below, width=length(value), height=7, class_=f"bars {style}"))
        elements.append(label(WIDTH - 4, top + 10, f"{share(before)} → {share(now)}", "tick", "end"))
    return svg_chart(30 + ROW * len(rows), title, description, elements)


def ranked_bars(title: str, description: str, rows: Sequence[tuple[str, float, str]]) -> Markup:
    """One bar for each name, with a text."""
    most = max((value for _, value, _ in rows), default=0.0) or 1.0
    length = Scale(0.0, most, 0.0, WIDTH - 8)
    elements = []
    for place, (name, value, value_text) in enumerate(rows):
        top = 4 + 26 * place
        elements.append(label(4.0, top + 10, shortened(name, NAME + 8), "name"))
        elements.append(element("rect", x=4, y=top + 14, width=length(value), height=5, class_="bars filled"))
        elements.append(label(WIDTH - 4, top + 10, value_text, "tick", "end"))
    return svg_chart(8 + 26 * len(rows), title, description, elements)
