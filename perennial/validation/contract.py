"""What a file must hold: the part of a model's specification that validation, profiles and drift need."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal, get_args

import polars as pl

from perennial.validation.expressions import ExpressionError, compile_rule

ColumnType = Literal["boolean", "integer", "number", "text", "category", "date", "datetime"]
Bound = int | float | str | date | datetime
Value = str | int | float | bool
#: what a broken rule means: the row is set aside, or the whole dataset is refused
Breach = Literal["quarantine", "refuse"]

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
TEXTS = ("text", "category")
# "NaN" is not among them: a not-a-number in a column of numbers is a fault of its maker, not a missing value.
NULL_MARKS = ("", "NA", "N/A", "null", "NULL")


class ContractError(ValueError):
    """A contract that contradicts itself: an unknown type, a target that is no column, a pattern that is none.

    `place` is where in a specification the fault is, as in ("columns", "distance").
    """

    def __init__(self, message: str, *place: str) -> None:
        super().__init__(message)
        self.place = place


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader may spend on one file. Bytes, unless the name says otherwise."""

    batch_bytes: int = 32 << 20
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
    #: keys that are held in memory, to see which repeat; beyond it they lie in a temporary folder
    keys: int = 2_000_000
    examples: int = 5


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how its text is cleaned, its type, and the rules that each value keeps.

    Cleaning comes first: `trim` takes blanks off both ends, `replace` puts one whole value in place of another, and
    `null_marks` (the contract's own unless given) become nulls. `unique` allows each value once, nulls apart.
    `pattern` is met by the whole value, lengths are in characters. `on_breach` and `tolerance` (the share of rows
    that may break this column's rules, beside the contract's tolerance) say what happens to rows that do.
    """

    type: ColumnType
    nullable: bool = True
    minimum: Bound | None = None
    maximum: Bound | None = None
    min_length: int | None = None
    max_length: int | None = None
    values: tuple[Value, ...] | None = None
    pattern: str | None = None
    trim: bool = False
    replace: Mapping[str, str] = field(default_factory=dict)
    null_marks: tuple[str, ...] | None = None
    on_breach: Breach = "quarantine"
    tolerance: float | None = None
    unique: bool = False
    sensitive: bool = False
    feature: bool = True

    @property
    def dtype(self) -> pl.DataType:
        return DTYPES[self.type]


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule over several columns of a row: `holds` is an SQL expression, broken where it is false; null passes."""

    name: str
    holds: str
    on_breach: Breach = "quarantine"
    tolerance: float | None = None


@dataclass(frozen=True, slots=True)
class Volume:
    """How many rows there may be, as multiples of the median of up to `versions` earlier accepted datasets."""

    least: float = 0.0
    most: float = math.inf
    versions: int = 5


@dataclass(frozen=True, slots=True)
class Contract:
    """The columns of a dataset and what may be wrong with it before it is refused.

    `tolerance` is the share of rows (0 to 1) that may break rules without a tolerance of their own; above it the whole
    dataset is refused. `duplicates` says whether rows that equal an earlier one in every column are dropped.
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
    rules: tuple[RowRule, ...] = ()
    duplicates: Literal["keep", "drop"] = "keep"
    min_rows: int = 1
    max_rows: int | None = None
    max_age_days: int | None = None
    volume: Volume | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        for name in (self.target, *self.key, *([self.event_time] if self.event_time else [])):
            if name not in self.columns:
                raise ContractError(f"'{name}' is named by the contract but is none of its columns")
        own = [*(column.tolerance for column in self.columns.values()), *(rule.tolerance for rule in self.rules)]
        for tolerance in (self.tolerance, *own):
            if tolerance is not None and not 0 <= tolerance <= 1:
                raise ContractError(f"tolerance is {tolerance}, a share between 0 and 1 is expected")
        for name, column in self.columns.items():
            try:
                _check(name, column)
            except ContractError as error:
                raise ContractError(str(error), "columns", name) from None
        for rule in self.rules:
            self.expression(rule)
        if len({rule.name for rule in self.rules}) < len(self.rules):
            raise ContractError("two rules have the same name", "validation", "rules")
        if self.max_age_days is not None and self.event_time is None:
            raise ContractError(
                "max_age_days needs an event_time, to know how old the rows are", "validation", "max_age_days"
            )

    @property
    def classified(self) -> bool:
        return self.problem != "regression"

    def marks(self, name: str) -> tuple[str, ...]:
        """The texts that mean 'missing' in a column."""
        own = self.columns[name].null_marks
        return self.null_marks if own is None else own

    @property
    def common_marks(self) -> tuple[str, ...]:
        """Of the contract's null marks those that are one in every column."""
        return tuple(mark for mark in self.null_marks if all(mark in self.marks(name) for name in self.columns))

    def cleans(self, name: str) -> bool:
        """Whether a column has cleaning of its own, so that readers leave its text as it is."""
        column = self.columns[name]
        return column.trim or bool(column.replace) or column.null_marks is not None

    def expression(self, rule: RowRule) -> pl.Expr:
        """What holds in each row. Raises ContractError."""
        try:
            return compile_rule(rule.holds, {name: column.dtype for name, column in self.columns.items()})
        except ExpressionError as error:
            raise ContractError(f"rule '{rule.name}' {error}", "validation", "rules") from None


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
    if (column.min_length, column.max_length) != (None, None) and column.type not in TEXTS:
        raise ContractError(f"column '{name}' is of type {column.type}; only {' and '.join(TEXTS)} have a length")
    if column.pattern is None:
        return
    try:
        pl.select(pl.lit("").str.contains(whole(column.pattern)))
    except pl.exceptions.ComputeError as error:
        raise ContractError(f"column '{name}': the pattern {column.pattern!r} is none: {error}") from None


def whole(pattern: str) -> str:
    """The pattern as it must match the whole value, line breaks included."""
    return rf"\A(?:{pattern})\z"
