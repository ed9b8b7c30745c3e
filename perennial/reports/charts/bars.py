"""Bars: distributions laid over each other, and categories in pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from perennial.reports.charts.scale import BOTTOM, LEFT, NAMELESS, RIGHT, TOP, Axis, Scale, frame, legend, scale
from perennial.reports.charts.svg import WIDTH, element, label, path, picture, shortened
from perennial.reports.numerals import share

HEIGHT = 220.0
ROW = 38.0  # units a pair of categories takes
NAME = 31  # characters of a category that fit beside its shares


@dataclass(frozen=True)
class Bars:
    """Heights between edges (one fewer than edges). `look`: filled, or an outline to be laid over one that is."""

    name: str
    heights: Sequence[float]
    look: str = "filled"


def steps(title: str, told: str, edges: Sequence[float], series: Sequence[Bars], x: Axis, y: Axis) -> Markup:
    """Distributions over common edges, the first behind the others."""
    across = scale(x, edges, LEFT, RIGHT)
    up = scale(y, [height for bars in series for height in bars.heights], HEIGHT - BOTTOM, TOP)
    drawn = frame(x, y, across, up)
    drawn += [_steps(bars, edges, across, up) for bars in series]
    names = legend([(bars.name, _mark(bars)) for bars in series if bars.name])
    return picture(HEIGHT if x.name else HEIGHT - NAMELESS, title, told, [*drawn, *names])


def _steps(bars: Bars, edges: Sequence[float], across: Scale, up: Scale) -> Markup:
    corners = [(across(edges[0]), up(0.0))]
    for (left, right), height in zip(pairwise(edges), bars.heights, strict=False):
        corners += [(across(left), up(height)), (across(right), up(height))]
    corners.append((corners[-1][0], up(0.0)))
    return element("path", d=path(corners, closed=bars.look == "filled"), class_=f"bars {bars.look}")


def _mark(bars: Bars) -> Markup:
    if bars.look == "filled":
        return element("rect", x=4, y=-5, width=14, height=10, class_="bars filled")
    return element("path", d="M0 4H6V-4H16V4H22", class_=f"bars {bars.look}")


def paired(title: str, told: str, rows: Sequence[tuple[str, float, float]], names: tuple[str, str]) -> Markup:
    """For each category its share before (an outline) and now (filled), one above the other."""
    most = max((max(one, two) for _, one, two in rows), default=0.0) or 1.0
    length = Scale(0.0, most, 0.0, RIGHT - LEFT - 20)
    drawn = legend([(names[0], _mark(Bars("", (), "outline"))), (names[1], _mark(Bars("", ())))])
    for place, (name, before, now) in enumerate(rows):
        top = 24 + ROW * place
        drawn.append(label(4.0, top + 10, shortened(name, NAME), "name"))
        for below, value, look in ((14.0, before, "outline"), (23.0, now, "filled")):
            drawn.append(element("rect", x=4, y=top + below, width=length(value), height=7, class_=f"bars {look}"))
        drawn.append(label(WIDTH - 4, top + 10, f"{share(before)} → {share(now)}", "tick", "end"))
    return picture(30 + ROW * len(rows), title, told, drawn)


def ranked(title: str, told: str, rows: Sequence[tuple[str, float, str]]) -> Markup:
    """One bar for each name, with what is said of it."""
    most = max((value for _, value, _ in rows), default=0.0) or 1.0
    length = Scale(0.0, most, 0.0, WIDTH - 8)
    drawn = []
    for place, (name, value, said) in enumerate(rows):
        top = 4 + 26 * place
        drawn.append(label(4.0, top + 10, shortened(name, NAME + 8), "name"))
        drawn.append(element("rect", x=4, y=top + 14, width=length(value), height=5, class_="bars filled"))
        drawn.append(label(WIDTH - 4, top + 10, said, "tick", "end"))
    return picture(8 + 26 * len(rows), title, told, drawn)
