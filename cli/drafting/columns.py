"""The draft of one column of a sample: type, format, cleaning, missing values, range or values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from cli.drafting import spellings
from cli.drafting.kinds import LONG, UNREAD_DATES, distinct, is_whole, kind_of, nearly, typed
from cli.drafting.spellings import Hints, Spelling, compact_dates, spelling_of
from cli.drafting.traits import Trait, trait_of
from cli.drafting.variants import Variants, variants_of
from cli.drafting.words import words_come_back
from cli.output import CommandError
from perennial.client.tables import Table
from perennial.contract.columns import Column as ContractColumn
from perennial.contract.columns import ColumnType
from perennial.contract.formats import Format
from perennial.validation.casts import cast

FEW = 20  # values at most are written out as a suggestion
MOST_CATEGORIES = 10_000  # as many as a manifest lists; an encoder keeps the most frequent and merges the rest
ROWS_PER_CATEGORY = 10
ENCODED = 250  # about as many categories as get a code of their own; so few may have fewer rows each
ROWS_PER_ENCODED = 5
FEWEST_IDENTIFIERS = 20  # rows from which values that all differ are taken for identifiers
IDENTIFIERS = {"id", "ids", "uuid", "guid", "key", "pk", "rowid"}
_WEAK = "index idx no nr num number serial unnamed row rownames ref reference"
WEAK_IDENTIFIERS = frozenset(_WEAK.split())
_TIMES = "time timestamp datetime date when at day created updated ts epoch"
TIME_WORDS = frozenset(_TIMES.split())
DATES = frozenset({"date", "day", "dt", "ymd"})
YEARS = (1500, 2200)
COUNTS = 0.95  # share of steps by one in a row number that restarts
_NAMELESS = {"unnamed", "index", "rownames", "row"}
_UUID = r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"
_CODE = r"^[^\s,;@]*[0-9][^\s,;@]*$"
_CODE_LENGTHS = 4


@dataclass(frozen=True)
class Column:
    """The draft of a column. `values` are its distinct values, if they are few.

    `nearly` describes texts that resemble values of another type; `spelling` is the proposal that `format` is from;
    `looks_like_code` is true for texts that all differ and resemble codes, `has_words` for texts whose words come back.
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
    looks_like_code: bool = False
    is_counter: bool = False
    has_words: bool = False
    nearly: str = ""
    format: Format | None = None
    spelling: Spelling | None = None
    trim: bool = False
    replace: Mapping[str, str] = field(default_factory=dict)
    trait: Trait | None = None
    remarks: tuple[str, ...] = field(default=())

    @property
    def is_unique(self) -> bool:
        """True if each row has a different value."""
        return self.nulls == 0 and self.count == self.rows

    @property
    def is_mixed_dates(self) -> bool:
        """True for a category whose values look like dates in several formats."""
        return self.type == "category" and self.nearly == UNREAD_DATES

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the name in lower case: customerId and 'Customer ID' are both customer, id."""
        return words_of(self.name)

    @property
    def labels_rows(self) -> bool:
        """True for the labels of a data frame's rows: whole numbers that all differ, in a column without a name."""
        return self.type == "integer" and self.is_unique and (not self.words or self.words[0] in _NAMELESS)

    @property
    def names_rows(self) -> int:
        """The likelihood that the values are identifiers: 2 certain, 1 possible, 0 none."""
        if self.looks_like_code or (self.words and self.words[-1] in IDENTIFIERS):
            return 2
        if self.is_counter or not self.words:  # a counter restarts in the next file, so it identifies no row
            return 0
        return 1 if self.words[-1] in WEAK_IDENTIFIERS or self.words[0] in WEAK_IDENTIFIERS else 0


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in lower case."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return tuple(re.findall(r"[^\W_]+", spaced.lower()))


def look_at(sample: Table, name: str, marks: tuple[str, ...], hints: Hints | None) -> Column:
    """The draft of one column; without `hints` its texts need no format.

    Raises CommandError for values that no spec can describe, such as lists.
    """
    values = sample.frame[name]
    if values.dtype in (pl.String, pl.Categorical, pl.Enum):
        return _with_trait(_of_text(values.cast(pl.String), marks, hints), distinct(values.cast(pl.String), marks))
    kind, present = _of_type(sample, values), values.drop_nulls()
    if kind == "number":
        present = present.filter(present.cast(pl.Float64).is_finite())
    single = present.unique()
    found = Column(name, kind, len(values) - len(present), len(values), len(single))
    if kind == "integer":
        code = found.is_unique and _are_numbers(values)
        found = replace(found, is_counter=_counts_up(values), looks_like_code=code)
    return _with_trait(_with_bounds(replace(found, is_whole=is_whole(single)), single), None)


def _with_trait(column: Column, single: pl.Series | None) -> Column:
    return replace(column, trait=trait_of(column.words, single))


def spelling_in(values: pl.Series, marks: tuple[str, ...], hints: Hints) -> Spelling | None:
    """The format of a text column, where its values need one."""
    single = distinct(values, marks)
    kind = kind_of(single)
    return spelling_of(single, hints) if kind == "text" else _compact(single, kind, words_of(values.name))


def _of_text(values: pl.Series, marks: tuple[str, ...], hints: Hints | None) -> Column:
    single = distinct(values, marks)
    kind = kind_of(single)
    spelling = spelling_in(values, marks, hints) if hints is not None else None
    if spelling is not None:
        return _formatted(values, single, marks, spelling)
    almost = nearly(single) if kind == "text" else ""
    cleaning = Variants()
    if kind == "text" and len(single) > 0 and (len(single) <= FEW or _repeats(single, len(values))):
        cleaning = variants_of(values.filter(~values.is_in(list(marks))))
        single = distinct(cleaning.clean(values), marks)
        kind = "boolean" if "true" in cleaning.replace.values() else "category"
    cleaned = cleaning.clean(values)
    nulls = cleaned.null_count() + int(cleaned.is_in(list(marks)).sum())
    found = Column(values.name, kind, nulls, len(values), len(single), nearly=almost)
    if kind == "boolean":
        found = replace(found, count=typed(single, kind, None).n_unique())
    found = replace(found, trim=cleaning.trim and kind == "category", replace=cleaning.replace)
    numbers = values.cast(pl.Int64, strict=False) if kind == "integer" and nulls == 0 else None
    is_counter = numbers is not None and _counts_up(numbers)
    whole = kind in ("integer", "number") and is_whole(single)
    code = found.is_unique and (_are_codes(single) if kind == "text" else numbers is not None and _are_numbers(numbers))
    found = replace(found, has_words=kind == "text" and words_come_back(values.filter(~values.is_in(list(marks)))))
    return _with_bounds(replace(found, is_whole=whole, is_counter=is_counter, looks_like_code=code), single)


def _formatted(values: pl.Series, single: pl.Series, marks: tuple[str, ...], spelling: Spelling) -> Column:
    nulls = values.null_count() + int(values.is_in(list(marks)).sum())
    found = Column(values.name, spelling.type, nulls, len(values), len(single), spelling=spelling)
    read = cast(single, ContractColumn(spelling.type, format=spelling.format))
    found = replace(found, format=spelling.format, is_whole=spelling.type == "integer", count=read.n_unique())
    return _with_bounds(found, read) if spelling.type in ("integer", "number") else found


def _compact(single: pl.Series, kind: ColumnType, words: tuple[str, ...]) -> Spelling | None:
    """The format of days as 20240131, where the name says that they are days."""
    is_date = kind == "integer" and set(words) & DATES and compact_dates(single)
    return Spelling("date", spellings.COMPACT) if is_date else None


def _are_codes(single: pl.Series) -> bool:
    """True for texts that all differ and resemble codes: UUIDs, hashes, 20 digits, C-00012."""
    if len(single) < FEWEST_IDENTIFIERS:
        return False
    if single.str.contains(_UUID).all() or single.str.contains(LONG).all():
        return True
    is_code = bool(single.str.contains(_CODE).all() or single.str.contains("^[A-Z0-9]{2,}$").all())
    return is_code and single.str.len_chars().n_unique() <= _CODE_LENGTHS


def _are_numbers(values: pl.Series) -> bool:
    """True for whole numbers that all differ and resemble numbers of accounts: 12 digits, or six that only grow."""
    least = values.min()
    if len(values) < FEWEST_IDENTIFIERS or not isinstance(least, int) or set(words_of(values.name)) & TIME_WORDS:
        return False
    return least >= 10**11 or (least >= 10**5 and bool((values.diff().drop_nulls() > 0).all()))


def _repeats(single: pl.Series, rows: int) -> bool:
    needed = ROWS_PER_ENCODED if len(single) <= ENCODED else ROWS_PER_CATEGORY
    return len(single) <= MOST_CATEGORIES and len(single) * needed <= rows


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
        numbers = cast(single, ContractColumn(type=column.type)).unique()
        values = tuple(numbers.sort().to_list()) if column.type == "integer" and len(numbers) <= FEW else ()
        return replace(column, minimum=numbers.min(), maximum=numbers.max(), values=values)  # type: ignore[arg-type]
    if column.type == "category":
        return replace(column, values=tuple(single.sort().to_list()))
    return column


def _counts_up(values: pl.Series) -> bool:
    """True for whole numbers that grow by one from row to row and may restart at 0 or 1: row numbers.

    Years grow by one as well; they are properties of their rows.
    """
    if len(values) < 3 or values.null_count():
        return False
    first, least, most = values[0], values.min(), values.max()
    is_long = len(values) >= FEWEST_IDENTIFIERS
    if first not in (0, 1) and (not is_long or YEARS[0] <= least <= most <= YEARS[1]):  # type: ignore[operator]
        return False
    steps = values.diff().drop_nulls()
    goes_on = steps == 1
    restarts = values.slice(1).filter(~goes_on)
    return bool(goes_on.all() or (is_long and goes_on.mean() >= COUNTS and restarts.is_in([0, 1]).all()))  # type: ignore[operator]
