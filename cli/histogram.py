"""The distributions of a column in both datasets, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from perennial.contract.values import rounded

if TYPE_CHECKING:
    from perennial.profile import ColumnGrid, ColumnProfile

BLOCKS = " ▁▂▃▄▅▆▇█"
BARS = 32  # 1,024 cells in groups of 32
NAMES = 10


def lines(grid: ColumnGrid, before: ColumnProfile, after: ColumnProfile) -> Iterator[str]:
    """Two sparklines over the grid, with the shares below and above; or a bar for each frequent category."""
    if not (before.count and after.count):
        yield "one side has no values"
    elif grid.kind == "categories":
        yield from _names(grid, before, after)
    else:
        shares = [_groups(before), _groups(after)]
        highest = max(map(max, shares))
        for word, bars in zip(("before", "after "), shares, strict=True):
            inside = "".join(_block(bar, highest) for bar in bars[1:-1])
            yield f"  {word}  {_block(bars[0], highest)}|{inside}|{_block(bars[-1], highest)}"
        low, high = _edge(grid, grid.low), _edge(grid, grid.high)
        yield f"           {low}{high:>{max(BARS - len(low), len(high) + 1)}}"


def _groups(column: ColumnProfile) -> list[float]:
    cells = column.cells
    size = (len(cells) - 2) // BARS
    inside = [sum(cells[1 + size * bar : 1 + size * (bar + 1)]) for bar in range(BARS)]
    return [count / column.count for count in (cells[0], *inside, cells[-1])]


def _names(grid: ColumnGrid, before: ColumnProfile, after: ColumnProfile) -> Iterator[str]:
    names = [*grid.categories, "(others)"]
    shares = [[count / side.count for count in (*side.cells, side.other)] for side in (before, after)]
    there = [place for place in range(len(names)) if shares[0][place] or shares[1][place]]
    most = sorted(there, key=lambda place: -max(shares[0][place], shares[1][place]))[:NAMES]
    width = max(len(names[place]) for place in most)
    for place in most:
        one, two = (_bar(side[place]) for side in shares)
        yield f"  {names[place]:<{width}}  {shares[0][place]:6.1%} {one:<20} {shares[1][place]:6.1%} {two}".rstrip()


def _bar(share: float) -> str:
    return "█" * round(share * 20) or ("▏" if share else "")


def _block(share: float, highest: float) -> str:
    """The character for a share; any share above 0 is visible."""
    return BLOCKS[max(round(share / highest * 8), 1 if share else 0)]


def _edge(grid: ColumnGrid, value: float) -> str:
    """An edge of the grid as a value of the column's type."""
    if grid.type == "date":
        from datetime import date, timedelta

        return (date(1970, 1, 1) + timedelta(days=round(value))).isoformat()
    if grid.type == "datetime":
        from datetime import UTC, datetime, timedelta

        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(value))
        return moment.isoformat(sep=" ", timespec="minutes")[:16]
    return rounded(value)


def distinct(sides: Sequence[ColumnProfile]) -> str:
    """The number of distinct values; estimates are marked."""
    return " → ".join(f"{'' if side.distinct.exact else '~'}{side.distinct.count:,}" for side in sides)
