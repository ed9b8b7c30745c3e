"""A linear scale from values to coordinates, and ticks at round numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from markupsafe import Markup

from perennial.reports.charts.svg import WIDTH, element, label
from perennial.reports.numbers import plain

LEFT, RIGHT, TOP, BOTTOM = 50.0, 348.0, 30.0, 44.0  # margins of the plot area; BOTTOM is below it
NAMELESS = 18.0  # units that a plot saves whose x axis has no name


@dataclass(frozen=True)
class Axis:
    """The name, range and number format of an axis. `low` and `high` are None if the data determines them."""

    name: str
    low: float | None = None
    high: float | None = None
    written: Callable[[float], str] = plain


@dataclass(frozen=True)
class Scale:
    """Maps `low`..`high` to the coordinates `start`..`end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The coordinate of a value; values outside the range are clipped."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def scale(axis: Axis, values: Iterable[float], start: float, end: float) -> Scale:
    """A scale over an axis' own ends, or over the values with a little air; never empty, always finite."""
    seen = [value for value in values if math.isfinite(value) and abs(value) < 1e300]
    low = axis.low if axis.low is not None else min(seen, default=0.0)
    high = axis.high if axis.high is not None else max(seen, default=1.0)
    padding = (high - low) * 0.06
    low, high = low - (padding if axis.low is None else 0), high + (padding if axis.high is None else 0)
    if not high - low > abs(low) * 1e-9:
        low, high = low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2
    return Scale(low, high, start, end)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from low to high: steps of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(place * step, 12) for place in range(first, math.floor(high / step + 1e-9) + 1)]


def frame(x: Axis, y: Axis, x_scale: Scale, y_scale: Scale) -> list[Markup]:
    """Grid lines, ticks and the names of both axes; `up.start` is the bottom."""
    elements = [label(LEFT, 12.0, y.name, "axis")] if y.name else []
    for value in ticks(y_scale.low, y_scale.high):
        place = y_scale(value)
        elements.append(element("path", d=f"M{LEFT} {place:.1f}H{RIGHT}", class_="grid"))
        elements.append(label(LEFT - 6, place + 3.5, y.written(value), anchor="end"))
    below = y_scale.start + 15
    elements += [
        label(x_scale(value), below, x.written(value), anchor="middle") for value in ticks(x_scale.low, x_scale.high)
    ]
    elements.append(element("path", d=f"M{LEFT} {y_scale.start:.1f}H{RIGHT}", class_="base"))
    if x.name:
        elements.append(label((LEFT + RIGHT) / 2, y_scale.start + 32, x.name, "axis", "middle"))
    return elements


def legend(names: list[tuple[str, Markup]], y: float = 12.0) -> list[Markup]:
    """Names of series with their marks, from the right edge leftwards; a mark is 22 units wide."""
    elements: list[Markup] = []
    place = float(WIDTH - 10)
    for name, mark in reversed(names):
        place -= 6.7 * len(name)
        elements.append(label(place, y, name, "key"))
        place -= 27
        elements.append(element("g", mark, transform=f"translate({place:.1f} {y - 4:.1f})"))
        place -= 12
    return elements
