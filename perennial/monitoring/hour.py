"""One hour of a version's traffic as tables: each captured event once, whatever the files it came in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from perennial.contract import observed as names
from perennial.monitoring.reading import Traffic
from perennial.monitoring.schemas import unreadable_schema

#: changed whenever the same captures give other tables, so that all tables are written again
FORMAT = 1


@dataclass(frozen=True)
class HourCounts:
    """The content of an hour's captures: requests and rows in the table, requests left out, repeated records."""

    requests: int = 0
    rows: int = 0
    unreadable: int = 0
    unanswered: int = 0
    repeated: int = 0

    def __add__(self, other: HourCounts) -> HourCounts:
        both = zip(self.as_tuple(), other.as_tuple(), strict=True)
        return HourCounts(*(one + another for one, another in both))

    def as_tuple(self) -> tuple[int, ...]:
        """The counts in the order of the fields."""
        return (self.requests, self.rows, self.unreadable, self.unanswered, self.repeated)


@dataclass(frozen=True)
class Hour:
    """The tables of one hour with their counts."""

    rows: pl.DataFrame
    unreadable: pl.DataFrame
    counts: HourCounts = field(default_factory=HourCounts)


def merge(found: Iterable[Traffic], schema: dict[str, pl.DataType], seen: Sequence[pl.Series] = ()) -> Hour:
    """One table of all rows. An event counts once: in the first object by key, unless an earlier hour has it (`seen`).

    The result does not depend on the order of `found`.
    """
    parts, others = [pl.DataFrame(schema=schema)], [pl.DataFrame(schema=unreadable_schema())]
    for each in found:
        parts.append(each.rows)
        others.append(each.unreadable)
    rows, apart = pl.concat(parts, how="diagonal"), pl.concat(others)
    del parts
    earlier = pl.concat([pl.Series(dtype=pl.String), *seen])
    total = rows.filter(pl.col(names.ROW) == 0).height + apart.height
    new = rows.select(pl.struct(names.EVENT, names.ROW).is_first_distinct()).to_series()
    if len(earlier):
        new &= ~rows[names.EVENT].is_in(earlier.implode())
    once = rows if new.all() else rows.filter(new)
    del rows
    known = pl.concat([earlier, once[names.EVENT].unique()])
    left = apart.unique([names.EVENT, names.OBJECT, names.LINE], keep="first", maintain_order=True)
    nameless = pl.col(names.EVENT).is_null()
    left = left.filter(
        nameless | (pl.col(names.EVENT).is_first_distinct() & ~pl.col(names.EVENT).is_in(known.implode()))
    )
    requests = once[names.EVENT].n_unique()
    counts = HourCounts(
        requests=requests,
        rows=once.height,
        unreadable=left.height,
        unanswered=once.filter(pl.col(names.ROW) == 0)[names.SCORE].null_count(),
        repeated=total - requests - left.height,
    )
    return Hour(once.sort(names.AT, names.EVENT, names.ROW), left.sort(names.OBJECT, names.LINE), counts)


def digest(objects: Iterable[tuple[str, str]], before: str) -> str:
    """The digest of an hour's inputs: its capture objects by key and ETag, and the digest of the hour before."""
    text = "\n".join([str(FORMAT), before, *(f"{key} {etag}" for key, etag in sorted(objects))])
    return hashlib.sha256(text.encode()).hexdigest()


def in_order(traffic: Iterator[tuple[str, Traffic]]) -> list[Traffic]:
    """The traffic of objects in the order of their keys."""
    return [each for _, each in sorted(traffic, key=lambda pair: pair[0])]
