"""The different values of a column in one batch, and how often each is there.

Most columns have few of them, and then all else follows from these alone. Whole numbers within a short range are
counted without hashing, as a histogram with a cell for each number, which costs Polars a third of the time.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

DENSE = 16_384  # cells
_PROBE = 2048  # rows; if this share of them differ, a column has tens of thousands of values, too many for a tally
_CROWDED = 0.95


@dataclass(frozen=True, slots=True)
class Tally:
    """A frame of different values (`value`, in the column's type, no null) and their number (`count`); nulls apart."""

    values: pl.DataFrame
    nulls: int


def tallies(rows: pl.DataFrame, names: Iterable[str], always: Collection[str] = ()) -> dict[str, Tally]:
    """The tallies of some columns of typed rows; of `always` in any case, of the others where it seems worth it."""
    names = list(names)
    if not names or not rows.height:
        return {name: Tally(_frame(rows[name].head(0), pl.Series([], dtype=pl.UInt32)), 0) for name in names}
    schema = rows.schema
    ranges = _ranges(rows, [name for name in names if is_whole(schema[name])])
    dense = {name: ends for name, ends in ranges.items() if ends is not None and ends[1] - ends[0] < DENSE}
    dense |= {name: (0, 1) for name in names if schema[name] == pl.Boolean}
    names = [name for name in names if name in dense or name in always or not _is_crowded(rows[name])]
    if not names:
        return {}
    counts = rows.select(_dense(name, dense[name], schema[name]) if name in dense else _hashed(name) for name in names)
    cells = counts.select(name for name in names if name in dense).row(0, named=True) if dense else {}
    found = {}
    for name in names:
        nulls = rows[name].null_count()
        if name in dense:
            values = _of_cells(cells[name], dense[name][0], schema[name])
        else:
            values = counts[name].explode().struct.unnest()
            values = values.filter(pl.col("value").is_not_null()) if nulls else values
        found[name] = Tally(values, nulls)
    return found


def joined(parts: Sequence[Tally]) -> pl.LazyFrame:
    """The different values (`value`) of several batches of one column, and their number (`count`, Int64)."""
    counted = [part.values.lazy().with_columns(pl.col("count").cast(pl.Int64)) for part in parts]
    return pl.concat(counted).group_by("value").agg(pl.col("count").sum()) if len(parts) > 1 else counted[0]


def _is_crowded(values: pl.Series) -> bool:
    return values.len() > _PROBE and values.head(_PROBE).n_unique() > _PROBE * _CROWDED


def is_whole(dtype: pl.DataType) -> bool:
    """Whether values are whole numbers beneath: integers, days, microseconds."""
    return dtype.is_integer() or dtype.is_temporal()


def _ranges(rows: pl.DataFrame, names: list[str]) -> dict[str, tuple[int, int] | None]:
    ends = [pl.col(name).to_physical().min().alias(f"low {name}") for name in names]
    ends += [pl.col(name).to_physical().max().alias(f"high {name}") for name in names]
    found: Mapping[str, Any] = rows.select(ends).row(0, named=True) if names else {}
    pairs = {name: (found[f"low {name}"], found[f"high {name}"]) for name in names}
    # a histogram counts in floats, which hold whole numbers to 2**53
    return {name: pair if pair[0] is not None and max(map(abs, pair)) < 2**53 else None for name, pair in pairs.items()}


def _dense(name: str, ends: tuple[int, int], dtype: pl.DataType) -> pl.Expr:
    """One cell for each whole number. Polars takes the edges from the values, so one below them all is put in."""
    if dtype == pl.Boolean:
        return pl.concat_list((~pl.col(name)).sum(), pl.col(name).sum()).alias(name)
    low, high = ends
    below = pl.lit(pl.Series([low - 2], dtype=pl.Int64))
    numbers = pl.col(name).to_physical().cast(pl.Int64).append(below)
    return numbers.hist(bin_count=high - low + 2).slice(1).implode().alias(name)


def _hashed(name: str) -> pl.Expr:
    return pl.col(name).alias("value").value_counts().implode().alias(name)


def _of_cells(cells: list[int], low: int, dtype: pl.DataType) -> pl.DataFrame:
    numbers = [low + place for place, count in enumerate(cells) if count]
    values = pl.Series(numbers, dtype=pl.Int32 if dtype == pl.Date else pl.Int64)
    return _frame(values.cast(dtype), pl.Series([count for count in cells if count], dtype=pl.UInt32))


def _frame(values: pl.Series, counts: pl.Series) -> pl.DataFrame:
    return pl.DataFrame([values.alias("value"), counts.alias("count")])
