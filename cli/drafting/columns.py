"""The draft of one column of a sample: type, missing values, range or values, similar types."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import polars as pl

from cli.drafting.kinds import distinct, is_whole, kind_of, nearly
from cli.output import CommandError
from cli.tables import Table
from perennial.contract.columns import Column as ContractColumn
from perennial.contract.columns import ColumnType
from perennial.validation.casts import cast

FEW = 20  # values at most are written out as a suggestion
MOST_CATEGORIES = 250  # a gradient-boosting tree splits at most 255
ROWS_PER_CATEGORY = 10
IDENTIFIERS = {"id", "ids", "uuid", "guid", "key", "pk", "rowid"}
WEAK_IDENTIFIERS = {
    "index",
    "idx",
    "no",
    "nr",
    "num",
    "number",
    "serial",
    "unnamed",
    "row",
    "rownames",
    "ref",
    "reference",
}
TRAITS = {"sex", "gender", "race", "ethnicity", "religion", "age", "nationality", "disability", "disabled", "pregnant"}
_UUID = r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"


@dataclass(frozen=True)
class Column:
    """The draft of a column. `values` are its distinct values, if they are few.

    `nearly` describes texts that resemble values of another type.
    """

    name: str
    type: ColumnType
    nulls: int = 0
    rows: int = 0
    count: int = 0
    values: tuple[bool | int | float | str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    feature: bool | None = None
    is_whole: bool = False
    looks_like_uuid: bool = False
    is_counter: bool = False
    nearly: str = ""
    remarks: tuple[str, ...] = field(default=())

    @property
    def is_unique(self) -> bool:
        """True if each row has a different value."""
        return self.nulls == 0 and self.count == self.rows

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the name in lower case: customerId and 'Customer ID' are both customer, id."""
        spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", self.name)
        return tuple(re.findall(r"[^\W_]+", spaced.lower()))

    @property
    def names_rows(self) -> int:
        """The likelihood, by the name, that the values are identifiers: 2 certain, 1 possible, 0 none."""
        if self.looks_like_uuid or (self.words and self.words[-1] in IDENTIFIERS):
            return 2
        if self.is_counter or not self.words:  # a counter restarts in the next file, so it identifies no row
            return 0
        return 1 if self.words[-1] in WEAK_IDENTIFIERS or self.words[0] in WEAK_IDENTIFIERS else 0


def look_at(sample: Table, name: str, marks: tuple[str, ...]) -> Column:
    """The draft of one column. Raises CommandError for values that no spec can describe, such as lists."""
    values = sample.frame[name]
    if values.dtype in (pl.String, pl.Categorical, pl.Enum):
        return _of_text(sample, values.cast(pl.String), marks)
    kind, present = _of_type(sample, values), values.drop_nulls()
    if kind == "number":
        present = present.filter(present.cast(pl.Float64).is_finite())
    single = present.unique()
    found = Column(name, kind, len(values) - len(present), len(values), len(single))
    is_counter = kind == "integer" and _counts_up(values)
    return _with_bounds(replace(found, is_whole=is_whole(single), is_counter=is_counter), single)


def _of_text(sample: Table, values: pl.Series, marks: tuple[str, ...]) -> Column:
    single = distinct(values, marks)
    nulls = values.null_count() + int(values.is_in(list(marks)).sum())
    kind = kind_of(single)
    almost = nearly(single) if kind == "text" else ""
    if kind == "text" and len(single) > 0 and (len(single) <= FEW or _repeats(single, len(values))):
        kind = "category"
    found = Column(values.name, kind, nulls, len(values), len(single))
    is_counter = kind == "integer" and nulls == 0 and _counts_up(values.cast(pl.Int64, strict=False))
    is_uuid = kind == "text" and len(single) > 0 and bool(single.str.contains(_UUID).all())
    whole = kind in ("integer", "number") and is_whole(single)
    return _with_bounds(
        replace(found, is_whole=whole, is_counter=is_counter, looks_like_uuid=is_uuid, nearly=almost), single
    )


def _repeats(single: pl.Series, rows: int) -> bool:
    return len(single) <= MOST_CATEGORIES and len(single) * ROWS_PER_CATEGORY <= rows


def _of_type(sample: Table, values: pl.Series) -> ColumnType:
    dtype = values.dtype
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_integer():
        return "integer"
    if dtype.is_float() or dtype.is_decimal():
        return "number"
    if dtype == pl.Date:
        return "date"
    if isinstance(dtype, pl.Datetime):
        return "datetime"
    if dtype == pl.Null:
        return "text"
    raise CommandError(
        f"{sample.path}: column '{values.name}' holds {dtype}; expected text, numbers, booleans or dates: leave it out"
    )


def _with_bounds(column: Column, single: pl.Series) -> Column:
    """Adds the range and the values, if they are few, from the distinct values that are not missing."""
    if column.type in ("integer", "number") and len(single):
        numbers = cast(single, ContractColumn(type=column.type))
        values = tuple(numbers.sort().to_list()) if column.type == "integer" and len(numbers) <= FEW else ()
        return replace(column, minimum=numbers.min(), maximum=numbers.max(), values=values)  # type: ignore[arg-type]
    if column.type == "category":
        return replace(column, values=tuple(single.sort().to_list()))
    return column


def _counts_up(values: pl.Series) -> bool:
    """True for 0, 1, 2, ... or 1, 2, 3, ... in the order of the file: a row number, not a property of the row."""
    if len(values) < 3 or values.null_count() or values[0] not in (0, 1):
        return False
    return bool((values.diff().drop_nulls() == 1).all())
