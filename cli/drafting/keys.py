"""The key of a draft: the column, or the two or three columns, that identify a row."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl

from cli.drafting.columns import FEWEST_IDENTIFIERS, YEARS, Column
from cli.drafting.kinds import typed
from perennial.client.tables import Table

if TYPE_CHECKING:
    from cli.drafting.draft import Draft

LEAST_FILLED = 0.3  # share of the pairs of a panel that have a row: fewer are unique by chance
LEAST_REPEATS = 10.0  # rows with the same three values that chance would give: fewer are missing by chance
MOST_TRIED = 8  # columns that may be one of three
REGULAR = 0.9  # share of equal steps between moments of a series


def with_key(made: Draft, sample: Table) -> Draft:
    """Sets the key: a certain identifier, the time of a series, a possible identifier, or two or three columns."""
    others = [column for column in made.columns if column.name != made.target]
    fit = [column for column in others if column.is_unique and column.type in ("integer", "text", "category")]
    certain = [column for column in fit if column.names_rows == 2]
    if certain:
        return replace(made, key=(certain[0].name,))
    if made.rows >= FEWEST_IDENTIFIERS:
        for column in others:
            if column.is_unique and _is_time(column) and _is_regular(sample, column):
                return _keyed(made, column)
    possible = [column for column in fit if column.names_rows == 1 and not column.labels_rows]
    if possible:
        return replace(made, key=(possible[0].name,))
    return _with_pair(made, sample, others) if made.rows >= FEWEST_IDENTIFIERS else made


def _is_regular(sample: Table, column: Column) -> bool:
    """True for days, years, and moments in equal steps: unlike those of events, they do not meet by chance."""
    if column.type != "datetime":
        return True
    values = sample.frame[column.name]
    if values.dtype == pl.String:
        values = typed(values, column.type, column.format)
    steps = values.sort().diff().drop_nulls()
    return bool(steps.value_counts(sort=True, name="rows")["rows"][0] >= REGULAR * len(steps)) if len(steps) else False


def _with_pair(made: Draft, sample: Table, others: list[Column]) -> Draft:
    """Sets a key of a time and an entity, such as year and country, where each pair has one row at most."""
    times = [column for column in others if not column.nulls and 1 < column.count < made.rows and _is_time(column)]
    entities = [
        column
        for column in others
        if not column.nulls
        and 1 < column.count < made.rows
        and (column.type in ("text", "category") or (column.type == "integer" and column.names_rows == 2))
    ]
    for entity in entities:
        for time in times:
            filled = made.rows / (time.count * entity.count)
            if filled >= LEAST_FILLED and sample.frame.select(time.name, entity.name).is_unique().all():
                return _keyed(made, entity, time)
    others = [column for column in others if column not in times and not column.nulls and 1 < column.count < made.rows]
    named = [column for column in others if column.type in ("text", "category")]
    numbered = [column for column in others if column.type == "integer"]
    by_count = sorted(named, key=lambda column: column.count) + sorted(numbered, key=lambda column: -column.count)
    return _with_three(made, sample, [*times[:2], *by_count][:MOST_TRIED])


def _with_three(made: Draft, sample: Table, columns: list[Column]) -> Draft:
    """Sets a key of a time and two more columns, such as hour, carrier and flight number.

    Three columns of many values differ from row to row by chance; they are a key if chance would give repeats.
    """
    repeats = {column.name: _repeats(sample, column) for column in columns}
    for three in combinations(columns, 3):
        expected = made.rows**2 / 2 * math.prod(repeats[column.name] for column in three)
        if not any(map(_is_time, three)) or expected < LEAST_REPEATS:
            continue
        if sample.frame.select(column.name for column in three).is_unique().all():
            return _keyed(made, *(column for column in made.columns if column in three))
    return made


def _repeats(sample: Table, column: Column) -> float:
    """The probability that two rows have the same value."""
    counts = sample.frame[column.name].value_counts(name="rows")["rows"]
    return float((counts.cast(pl.Float64) / sample.frame.height).pow(2).sum())


def _keyed(made: Draft, *columns: Column) -> Draft:
    """The key of a series or of a panel. Years and categories stay features."""
    made = replace(made, key=tuple(column.name for column in columns))
    for column in columns:
        if column.type in ("category", "integer", "number") and column.names_rows < 2:
            remark = "part of the key, and a feature all the same"
            made = made.change(replace(column, feature=True, remarks=(*column.remarks, remark)))
    return made


def _is_time(column: Column) -> bool:
    if column.type in ("date", "datetime"):
        return True
    least, most = column.minimum, column.maximum
    in_range = least is not None and most is not None and YEARS[0] <= least <= most <= YEARS[1]
    return column.is_whole and in_range and bool({"year", "yr", "jahr", "season"} & set(column.words))
