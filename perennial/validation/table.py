"""The common interface of all readers: a table's problems and its rows in batches."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from perennial.validation.verdict import Problem


@dataclass(frozen=True, slots=True)
class Fault:
    """Malformed rows: too short, too long, not JSON. `details` describes each of them."""

    code: str
    rows: tuple[int, ...]
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive rows of a file.

    `frame` has the well-formed rows and the contract's columns that the file has, as text or already typed, with null
    values resolved. `raw` has the same rows as the file has them, in text, for examples and for quarantine. `rows` are
    their numbers (1-based, UInt64); `faults` and `faulty` describe the other rows.
    """

    frame: pl.DataFrame
    rows: pl.Series
    raw: Callable[[], pl.DataFrame]
    faults: tuple[Fault, ...] = ()
    faulty: pl.DataFrame | None = None

    @property
    def faulty_rows(self) -> int:
        return 0 if self.faulty is None else self.faulty.height


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file matched with the contract: `places` maps a contract's column to its index in the file."""

    width: int
    places: dict[str, int]
    problems: tuple[Problem, ...] = ()
    ignored: tuple[str, ...] = field(default=())


class Table(Protocol):
    """An open file. `batches` raises UnreadableError where the file cannot be read further."""

    @property
    def format(self) -> str: ...

    @property
    def columns(self) -> Columns: ...

    def batches(self) -> Iterator[Batch]: ...


def numbered(start: int, count: int) -> pl.Series:
    """The numbers start+1 .. start+count of consecutive rows."""
    return pl.int_range(start + 1, start + count + 1, dtype=pl.UInt64, eager=True)
