"""A graph of two columns of linked names with lines between them: which names on the right came from the left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from perennial.reports.charts.svg import element, label, path, shortened

WIDTH, ROW, TOP = 720.0, 30.0, 26.0
LEFT, RIGHT = 240.0, 480.0  # where the lines begin and end
LONGEST = 30  # characters of a name


@dataclass(frozen=True)
class Link:
    """A name and its target on the page."""

    name: str
    href: str


def two_columns(
    titles: tuple[str, str], columns: tuple[Sequence[Link], Sequence[Link]], lines: Sequence[Sequence[int]]
) -> Markup:
    """The graph. Each name is a link that a keyboard reaches; a line is a pair of places, left and right."""
    height = TOP + ROW * max(map(len, columns), default=1)
    heights = [_heights(len(column), height) for column in columns]
    drawn = [
        element("path", d=_curve(heights[0][left], heights[1][right]), class_="line champion thin")
        for left, right in lines
    ]
    words = [
        label(LEFT - 8, 14, titles[0], "axis", "end"),
        label(RIGHT + 8, 14, titles[1], "axis"),
        *(_name(link, LEFT - 8, y, "end") for link, y in zip(columns[0], heights[0], strict=True)),
        *(_name(link, RIGHT + 8, y, "start") for link, y in zip(columns[1], heights[1], strict=True)),
    ]
    return element(
        "svg",
        *drawn,
        *words,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="group",
        aria_label=f"{titles[0]} and {titles[1]}, with a line from each to what it went into",
        class_="chart links",
    )


def _heights(count: int, height: float) -> list[float]:
    """The middles of so many rows, spread over the height below the titles."""
    step = (height - TOP) / max(count, 1)
    return [TOP + step * (place + 0.5) for place in range(count)]


def _curve(left: float, right: float) -> str:
    if left == right:
        return path([(LEFT, left), (RIGHT, right)])
    middle = (LEFT + RIGHT) / 2
    return f"M{LEFT:g} {left:g}C{middle:g} {left:g} {middle:g} {right:g} {RIGHT:g} {right:g}"


def _name(link: Link, x: float, y: float, end: str) -> Markup:
    word = label(x, y + 4, shortened(link.name, LONGEST), "name", end)
    return element("a", word, href=link.href)
