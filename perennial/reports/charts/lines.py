"""Lines over numbers, with a band for an interval, and marks that tell two series apart without colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from perennial.reports.charts.scale import BOTTOM, LEFT, RIGHT, TOP, Axis, Scale, frame, legend, scale
from perennial.reports.charts.svg import element, path, picture

HEIGHT = 250.0
MARKED = 60  # points: with more, marks would hide the line


@dataclass(frozen=True)
class Line:
    """A series: (x, y) in order of x, an optional band (x, low, high), and the class that gives it its look.

    `look` is candidate (solid, round marks), champion (dashed, square marks) or ideal (dotted, no marks); points in
    `ringed` are marked out.
    """

    name: str
    points: Sequence[tuple[float, float]]
    look: str = "candidate"
    band: Sequence[tuple[float, float, float]] = ()
    marked: bool = False
    ringed: Sequence[int] = ()


def lines(title: str, told: str, series: Sequence[Line], x: Axis, y: Axis) -> Markup:
    """A chart of lines."""
    across = scale(x, (point[0] for line in series for point in line.points), LEFT, RIGHT)
    heights = [point[1] for line in series for point in line.points]
    heights += [edge for line in series for _, *edges in line.band for edge in edges]
    up = scale(y, heights, HEIGHT - BOTTOM, TOP)
    drawn = frame(x, y, across, up)
    for line in series:
        drawn += _line(line, across, up)
    named = [(line.name, _mark(line)) for line in series if line.name]
    return picture(HEIGHT, title, told, [*drawn, *legend(named)])


def _line(line: Line, across: Scale, up: Scale) -> list[Markup]:
    places = [(across(x), up(y)) for x, y in line.points]
    drawn = []
    if line.band:
        edge = [(across(x), up(high)) for x, _, high in line.band]
        edge += [(across(x), up(low)) for x, low, _ in reversed(line.band)]
        drawn.append(element("path", d=path(edge, closed=True), class_=f"band {line.look}"))
    drawn.append(element("path", d=path(places), class_=f"line {line.look}"))
    if line.marked and len(places) <= MARKED:
        drawn += [_point(x, y, line.look) for x, y in places]
    for index in line.ringed:
        x, y = places[index]
        drawn.append(element("circle", cx=x, cy=y, r=6.5, class_="ring"))
    return drawn


def _point(x: float, y: float, look: str) -> Markup:
    if look == "champion":
        return element("rect", x=x - 2.8, y=y - 2.8, width=5.6, height=5.6, class_=f"mark {look}")
    return element("circle", cx=x, cy=y, r=3.0, class_=f"mark {look}")


def _mark(line: Line) -> Markup:
    drawn = element("path", d="M0 0H22", class_=f"line {line.look}")
    return drawn + _point(11.0, 0.0, line.look) if line.marked else drawn
