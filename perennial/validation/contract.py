"""What a file must hold: the part of a model's specification that validation, profiles and drift need."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal, get_args

import polars as pl

ColumnType = Literal["boolean", "integer", "number", "text", "category", "date", "datetime"]
Bound = int | float | str | date | datetime
Value = str | int | float | bool

TYPES: tuple[str, ...] = get_args(ColumnType)
DTYPES: Mapping[str, pl.DataType] = {
    "boolean": pl.Boolean(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "text": pl.String(),
    "category": pl.String(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us", "UTC"),
}
# "NaN" is not among them: a not-a-number in a column of numbers is a fault of its maker, not a missing value.
NULL_MARKS = ("", "NA", "N/A", "null", "NULL")


class ContractError(ValueError):
    """A contract that contradicts itself: an unknown type, a target that is no column, a pattern that is none."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader may spend on one file. Bytes, unless the name says otherwise."""

    batch_bytes: int = 16 << 20
    batch_rows: int = 262_144
    line_bytes: int = 1 << 20
    total_bytes: int = 64 << 30
    #: decompressed bytes per compressed byte that are believed; plain repetition in real files stays below 100
    expansion: int = 200
    #: nothing this small is called a bomb, whatever its ratio
    expansion_free_bytes: int = 64 << 20
    parquet_expansion: int = 500
    parquet_free_bytes: int = 256 << 20
    columns: int = 2_000
    examples: int = 5


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type and the rules that each value keeps. `pattern` is met by the whole value."""

    type: ColumnType
    nullable: bool = True
    minimum: Bound | None = None
    maximum: Bound | None = None
    values: tuple[Value, ...] | None = None
    pattern: str | None = None
    sensitive: bool = False
    feature: bool = True

    @property
    def dtype(self) -> pl.DataType:
        return DTYPES[self.type]


@dataclass(frozen=True, slots=True)
class Contract:
    """The columns of a dataset and what may be wrong with it before it is refused.

    `tolerance` is the share of rows (0 to 1) that may be set aside; above it the whole dataset is refused.
    Raises ContractError when it cannot be kept by any file.
    """

    columns: Mapping[str, Column]
    target: str
    problem: Literal["binary", "multiclass", "regression"] = "binary"
    key: tuple[str, ...] = ()
    event_time: str | None = None
    tolerance: float = 0.0
    unknown_columns: Literal["refuse", "ignore"] = "refuse"
    null_marks: tuple[str, ...] = NULL_MARKS
    min_rows: int = 1
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        for name in (self.target, *self.key, *([self.event_time] if self.event_time else [])):
            if name not in self.columns:
                raise ContractError(f"'{name}' is named by the contract but is none of its columns")
        if not 0 <= self.tolerance <= 1:
            raise ContractError(f"tolerance is {self.tolerance}, a share between 0 and 1 is expected")
        for name, column in self.columns.items():
            _check(name, column)

    @property
    def classified(self) -> bool:
        return self.problem != "regression"


def bound(column: Column, value: Bound) -> int | float | date | datetime:
    """The bound of a column as a value of its type. ContractError when it is none."""
    try:
        if column.type == "date":
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        if column.type == "datetime":
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(value, (str, date)) or column.type not in ("integer", "number"):
            raise ValueError
        if math.isnan(value):
            raise ValueError
    except ValueError:
        raise ContractError(f"{value!r} bounds nothing in a column of type {column.type}") from None
    return value


def is_pattern(name: str) -> bool:
    """Whether Polars would take a column's name for a pattern over names, wherever it is used."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))


def _check(name: str, column: Column) -> None:
    if is_pattern(name):
        raise ContractError(f"column '{name}' is named as a pattern over columns; rename it")
    if column.type not in TYPES:
        raise ContractError(f"column '{name}' is of type '{column.type}', expected one of {', '.join(TYPES)}")
    for limit in (column.minimum, column.maximum):
        if limit is not None:
            bound(column, limit)
    if column.pattern is None:
        return
    try:
        pl.select(pl.lit("").str.contains(whole(column.pattern)))
    except pl.exceptions.ComputeError as error:
        raise ContractError(f"column '{name}': the pattern {column.pattern!r} is none: {error}") from None


def whole(pattern: str) -> str:
    """The pattern as it must match the whole value, line breaks included."""
    return rf"\A(?:{pattern})\z"
