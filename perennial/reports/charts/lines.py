"""Lines with a band for an interval, and markers that distinguish two series without colour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from perennial.reports.charts.scale import BOTTOM, LEFT, RIGHT, TOP, Axis, Scale, frame, legend, scale
from perennial.reports.charts.svg import element, path, svg_chart

HEIGHT = 250.0
MARKED = 60  # points; with more, markers hide the line


@dataclass(frozen=True)
class Line:
    """A series: (x, y) in order of x, an optional band (x, low, high), and the class that gives it its look.

    `style` is candidate (solid, round marks), champion (dashed, square marks) or ideal (dotted, no marks); points in
    `highlighted` are marked out.
    """

    name: str
    points: Sequence[tuple[float, float]]
    style: str = "candidate"
    band: Sequence[tuple[float, float, float]] = ()
    marked: bool = False
    highlighted: Sequence[int] = ()


def lines(title: str, description: str, series: Sequence[Line], x: Axis, y: Axis) -> Markup:
    """A chart of lines."""
    x_scale = scale(x, (point[0] for line in series for point in line.points), LEFT, RIGHT)
    heights = [point[1] for line in series for point in line.points]
    heights += [edge for line in series for _, *edges in line.band for edge in edges]
    y_scale = scale(y, heights, HEIGHT - BOTTOM, TOP)
    elements = frame(x, y, x_scale, y_scale)
    for line in series:
        elements += _line(line, x_scale, y_scale)
    named = [(line.name, _mark(line)) for line in series if line.name]
    return svg_chart(HEIGHT, title, description, [*elements, *legend(named)])


def _line(line: Line, x_scale: Scale, y_scale: Scale) -> list[Markup]:
    places = [(x_scale(x), y_scale(y)) for x, y in line.points]
    elements = []
    if line.band:
        edge = [(x_scale(x), y_scale(high)) for x, _, high in line.band]
        edge += [(x_scale(x), y_scale(low)) for x, low, _ in reversed(line.band)]
        elements.append(element("path", d=path(edge, closed=True), class_=f"band {line.style}"))
    elements.append(element("path", d=path(places), class_=f"line {line.style}"))
    if line.marked and len(places) <= MARKED:
        elements += [_point(x, y, line.style) for x, y in places]
    for index in line.highlighted:
        x, y = places[index]
        elements.append(element("circle", cx=x, cy=y, r=6.5, class_="ring"))
    return elements


def _point(x: float, y: float, style: str) -> Markup:
    if style == "champion":
        return element("rect", x=x - 2.8, y=y - 2.8, width=5.6, height=5.6, class_=f"mark {style}")
    return element("circle", cx=x, cy=y, r=3.0, class_=f"mark {style}")


def _mark(line: Line) -> Markup:
    elements = element("path", d="M0 0H22", class_=f"line {line.style}")
    return elements + _point(11.0, 0.0, line.style) if line.marked else elements
