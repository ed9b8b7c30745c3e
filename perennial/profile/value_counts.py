"""The distinct values of a column in one batch, and their counts.

Most columns have few distinct values, and the profile follows from their counts. Integers within a short range are
counted without hashing, as a histogram with one cell per number, which takes Polars a third of the time.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

MAX_DENSE_RANGE = 16_384  # cells
_PROBE_ROWS = 2048  # rows; if this share of them differ, a column has tens of thousands of values, too many for a tally
_MAX_PROBE_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class ValueCounts:
    """A frame of distinct values (`value`, in the column's type, no null) and their counts (`count`); and the nulls."""

    values: pl.DataFrame
    nulls: int


def count_values(rows: pl.DataFrame, names: Iterable[str], always: Collection[str] = ()) -> dict[str, ValueCounts]:
    """The tallies of some columns of typed rows; of `always` in any case, of the others where it seems worth it."""
    names = list(names)
    if not names or not rows.height:
        return {name: ValueCounts(_frame(rows[name].head(0), pl.Series([], dtype=pl.UInt32)), 0) for name in names}
    schema = rows.schema
    ranges = _ranges(rows, [name for name in names if is_whole(schema[name])])
    dense = {name: ends for name, ends in ranges.items() if ends is not None and ends[1] - ends[0] < MAX_DENSE_RANGE}
    dense |= {name: (0, 1) for name in names if schema[name] == pl.Boolean}
    names = [name for name in names if name in dense or name in always or not _is_high_cardinality(rows[name])]
    if not names:
        return {}
    counts = rows.select(_dense(name, dense[name], schema[name]) if name in dense else _hashed(name) for name in names)
    cells = counts.select(name for name in names if name in dense).row(0, named=True) if dense else {}
    found = {}
    for name in names:
        nulls = rows[name].null_count()
        if name in dense:
            values = _from_histogram(cells[name], dense[name][0], schema[name])
        else:
            values = counts[name].explode().struct.unnest()
            values = values.filter(pl.col("value").is_not_null()) if nulls else values
        found[name] = ValueCounts(values, nulls)
    return found


def combine(parts: Sequence[ValueCounts]) -> pl.LazyFrame:
    """The distinct values (`value`) of several batches of one column, and their counts (`count`, Int64)."""
    counted = [part.values.lazy().with_columns(pl.col("count").cast(pl.Int64)) for part in parts]
    return pl.concat(counted).group_by("value").agg(pl.col("count").sum()) if len(parts) > 1 else counted[0]


def _is_high_cardinality(values: pl.Series) -> bool:
    return values.len() > _PROBE_ROWS and values.head(_PROBE_ROWS).n_unique() > _PROBE_ROWS * _MAX_PROBE_SHARE


def is_whole(dtype: pl.DataType) -> bool:
    """True if the physical type is an integer: integers, days, microseconds."""
    return dtype.is_integer() or dtype.is_temporal()


def _ranges(rows: pl.DataFrame, names: list[str]) -> dict[str, tuple[int, int] | None]:
    ends = [pl.col(name).to_physical().min().alias(f"low {name}") for name in names]
    ends += [pl.col(name).to_physical().max().alias(f"high {name}") for name in names]
    found: Mapping[str, Any] = rows.select(ends).row(0, named=True) if names else {}
    pairs = {name: (found[f"low {name}"], found[f"high {name}"]) for name in names}
    # a histogram uses floats, which are exact for integers to 2**53
    return {name: pair if pair[0] is not None and max(map(abs, pair)) < 2**53 else None for name, pair in pairs.items()}


def _dense(name: str, ends: tuple[int, int], dtype: pl.DataType) -> pl.Expr:
    """One cell per integer. Polars derives the edges from the values, so one value below all of them is appended."""
    if dtype == pl.Boolean:
        return pl.concat_list((~pl.col(name)).sum(), pl.col(name).sum()).alias(name)
    low, high = ends
    below = pl.lit(pl.Series([low - 2], dtype=pl.Int64))
    numbers = pl.col(name).to_physical().cast(pl.Int64).append(below)
    return numbers.hist(bin_count=high - low + 2).slice(1).implode().alias(name)


def _hashed(name: str) -> pl.Expr:
    return pl.col(name).alias("value").value_counts().implode().alias(name)


def _from_histogram(cells: list[int], low: int, dtype: pl.DataType) -> pl.DataFrame:
    numbers = [low + place for place, count in enumerate(cells) if count]
    values = pl.Series(numbers, dtype=pl.Int32 if dtype == pl.Date else pl.Int64)
    return _frame(values.cast(dtype), pl.Series([count for count in cells if count], dtype=pl.UInt32))


def _frame(values: pl.Series, counts: pl.Series) -> pl.DataFrame:
    return pl.DataFrame([values.alias("value"), counts.alias("count")])
