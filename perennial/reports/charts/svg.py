"""SVG elements and shaded HTML tables, with fixed names and attributes; every text and value is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH = 360  # units, which are pixels on a phone: text stays readable where a page is narrow
DEPTHS = 9
Attribute = str | float | int | None


def element(name: str, *children: Markup | str, **attributes: Attribute) -> Markup:
    """One element; `stroke_width=2` is stroke-width="2", `class_` is class, None is left out, texts are escaped."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_written(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(escape(child) for child in children)
    return Markup(f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>")  # noqa: S704


def svg_chart(height: float, title: str, description: str, children: Iterable[Markup], width: float = WIDTH) -> Markup:
    """A whole chart of `width` x `height` units, with a title and a text description."""
    return element(
        "svg",
        element("title", title),
        element("desc", description),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_written(width)} {_written(height)}",
        role="img",
        class_="chart",
    )


def label(x: float, y: float, text: str, class_: str = "tick", anchor: str = "start") -> Markup:
    """A word in a chart."""
    return element("text", text, x=x, y=y, class_=class_, text_anchor=anchor)


def path(points: Iterable[tuple[float, float]], *, closed: bool = False) -> str:
    """The `d` of a polyline."""
    written = "L".join(f"{_written(x)} {_written(y)}" for x, y in points)
    return f"M{written}{'Z' if closed else ''}" if written else ""


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _written(value: Attribute) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


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
