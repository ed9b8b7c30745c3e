"""From a column as it was read to the contract's type: the grammar of perennial.contract.values over whole columns.

What is spelt plainly is cast by Polars; every other text is read by the grammar itself, each different one once.

Every cast gives a series of the contract's type in which a failed value is null. Whoever calls tells failures from
nulls by the input, which has its null values resolved already.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

import polars as pl

from perennial.contract.columns import TEXTS, Column, ColumnType
from perennial.contract.dataset import Contract
from perennial.contract.values import MOST_EXACT, TRUTHS
from perennial.dtypes import DTYPES
from perennial.validation.formats import plain
from perennial.validation.moments import by_grammar, dates, moments, second_try

#: spelt alike in a whole column, most often
_PAIRS = (("true", "false"), ("1", "0"), ("True", "False"))
_WHOLE = r"^([+-]?[0-9]+)(?:\.0*)?$"
_TICKS = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}  # of a day
_YEARS = {"date": (-719_162, 2_932_896), "datetime": (-62_135_596_800_000_000, 253_402_300_799_999_999)}


def cast(values: pl.Series, column: Column) -> pl.Series:
    """The values in the contract's type; what does not fit is null. Any input type, nested ones all fail."""
    if column.format is not None and values.dtype == pl.String:
        values = plain(values, column.format)
    typed = _native(values, column)
    if typed is None:
        typed = _CASTS[column.type](_as_text(values))
    if column.type in _YEARS and typed.len() > typed.null_count():
        low, high = _YEARS[column.type]
        physical = typed.to_physical()
        if int(physical.min()) < low or int(physical.max()) > high:  # type: ignore[arg-type]
            typed = typed.set(~physical.is_between(low, high), None)
    return typed


def in_calendar(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame, in which days and moments outside of the years 1 to 9999 are the nearest ones outside.

    No column holds them. Polars panics when it converts or writes those that are too far away.
    """
    times = {name: kind for name, kind in frame.schema.items() if isinstance(kind, pl.Date | pl.Datetime)}
    return frame.with_columns(_clipped(name, kind) for name, kind in times.items())


def _clipped(name: str, kind: pl.Date | pl.Datetime) -> pl.Expr:
    ticks = 1 if isinstance(kind, pl.Date) else _TICKS[kind.time_unit]
    low, high = _YEARS["date"][0] * ticks - 1, (_YEARS["date"][1] + 1) * ticks
    return pl.col(name).to_physical().clip(max(low, -(2**63)), min(high, 2**63 - 1)).cast(kind)


def without_marks(frame: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Converts null values in text to nulls. Surrounding blanks count in columns of text and of categories only.

    Columns with cleaning of their own are left as they are: their marks are resolved after it.
    """
    marks = list(contract.validation.null_values)
    asked = [name for name, kind in frame.schema.items() if kind == pl.String and not contract.columns[name].cleans]
    cells = {name: frame[name] for name in frame.columns}  # by name: from a list, Polars would name a nameless column
    for name in _perhaps_marked(frame, asked, contract):
        values = cells[name] if contract.columns[name].type in TEXTS else cells[name].str.strip_chars()
        marked = values.is_in(marks)
        cells[name] = cells[name].set(marked.fill_null(value=False), None) if marked.any() else cells[name]
    return pl.DataFrame(cells)


def _perhaps_marked(frame: pl.DataFrame, names: list[str], contract: Contract) -> list[str]:
    """The columns that may contain a null value. Comparing lengths takes a tenth of the time, so it is done first."""
    exact = [name for name in names if contract.columns[name].type in TEXTS]
    lengths = frame.select(pl.col(exact).str.len_bytes())
    pairs = [(name, mark) for name in exact for mark in contract.validation.null_values]
    pairs = _met(lengths, {(name, mark): pl.col(name) == len(mark.encode()) for name, mark in pairs})
    found = {name for name, _ in _met(frame, {(name, mark): pl.col(name) == mark for name, mark in pairs})}
    return [name for name in names if name in found or name not in exact]


def _met(frame: pl.DataFrame, asked: Mapping[tuple[str, str], pl.Expr]) -> list[tuple[str, str]]:
    """The columns whose condition holds in at least one row."""
    if not asked:
        return []
    answers = frame.select(holds.any().alias(str(place)) for place, holds in enumerate(asked.values()))
    return [pair for pair, met in zip(asked, answers.row(0), strict=True) if met]


def castable(name: str, contract: Contract) -> bool:
    """True if text may be typed before its null values are resolved: no null value is a value of the column's type."""
    column = contract.columns[name]
    if column.type in TEXTS or contract.columns[name].cleans:
        return False
    return not any(_is_value(mark, column.type) for mark in contract.validation.null_values if mark)


@lru_cache
def _is_value(mark: str, type_: ColumnType) -> bool:
    """True if a null value could be taken for a value, by a cast or by Polars' own CSV parser."""
    column = Column(type_)
    if set(mark) & set(',"\r\n') or cast(pl.Series([mark]), column).null_count() == 0:
        return True
    if column.type not in ("boolean", "integer", "number"):
        return False
    schema = {"mark": DTYPES[column.type], "rest": pl.String()}
    try:
        return pl.read_csv(f"{mark},\n".encode(), has_header=False, schema=schema)["mark"].null_count() == 0
    except pl.exceptions.ComputeError:
        return False


def readable(dtype: pl.DataType, column: Column) -> bool:
    """True if a stored column of this type can hold values of the contract's type."""
    if dtype.is_nested() or isinstance(dtype, (pl.Duration, pl.Time, pl.Object, pl.Unknown)):
        return False
    if isinstance(dtype, (pl.String, pl.Categorical, pl.Enum, pl.Null, pl.Binary)):
        return True
    if dtype.is_temporal():
        return column.type in ("date", "datetime") or (isinstance(dtype, pl.Date) and column.type in TEXTS)
    if isinstance(dtype, pl.Boolean):
        return column.type in ("boolean", "text", "category")
    # A float or a decimal has several spellings, so it is no text; nor is a moment.
    return column.type in ("integer", "number") or (dtype.is_integer() and column.type not in ("date", "datetime"))


def _native(values: pl.Series, column: Column) -> pl.Series | None:
    """Casts that need no conversion to text."""
    dtype, wanted = values.dtype, DTYPES[column.type]
    if dtype == wanted:
        return values
    if column.type == "integer" and dtype.is_integer():
        return values.cast(pl.Int64, strict=False)
    if column.type == "integer" and dtype.is_float():
        exact = (values == values.floor()) & (values.abs() < 2.0**63)
        return pl.select(pl.when(exact.fill_null(value=False)).then(values).cast(pl.Int64, strict=False)).to_series()
    if column.type == "number" and dtype.is_numeric():
        return _exact_floats(values)
    if isinstance(dtype, pl.Datetime) and column.type in ("date", "datetime"):
        utc = _in_utc(values, dtype)
        return utc if column.type == "datetime" else _midnights(utc)
    if isinstance(dtype, pl.Date) and column.type == "datetime":
        return values.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return None


def _exact_floats(values: pl.Series) -> pl.Series:
    """Fails integers beyond 2**53 that no float holds, instead of changing them. Decimals round as text does."""
    if values.dtype.is_decimal():
        return values.cast(pl.String).cast(pl.Float64)
    floats = values.cast(pl.Float64, strict=False)
    if not values.dtype.is_integer() or values.dtype in (pl.Int8, pl.Int16, pl.Int32, pl.UInt8, pl.UInt16, pl.UInt32):
        return floats
    same = floats.cast(pl.Int128).eq(values.cast(pl.Int128))
    return floats.set(~same, None) if not same.all() else floats


def _in_utc(values: pl.Series, dtype: pl.Datetime) -> pl.Series:
    utc = values.dt.replace_time_zone("UTC") if dtype.time_zone is None else values.dt.convert_time_zone("UTC")
    micros = utc.dt.cast_time_unit("us")
    if dtype.time_unit != "ns":
        return micros
    lost = (values.to_physical() % 1000) != 0
    return micros.set(lost, None) if lost.any() else micros


def _midnights(utc: pl.Series) -> pl.Series:
    late = utc.to_physical() % 86_400_000_000 != 0
    days = utc.dt.date()
    return days.set(late, None) if late.any() else days


def _as_text(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        return values
    if values.dtype.is_nested() or values.dtype == pl.Object:
        return pl.Series(values.name, [None] * values.len(), dtype=pl.String)
    return values.cast(pl.String, strict=False)


def _boolean(text: pl.Series) -> pl.Series:
    for yes, no in _PAIRS:
        if text.is_in([yes, no]).all():
            return text == yes
    plain = text.str.strip_chars().str.to_lowercase()
    return plain.replace_strict(TRUTHS, default=None, return_dtype=pl.Boolean)


def _integer(text: pl.Series) -> pl.Series:
    fast = text.cast(pl.Int64, strict=False)
    return second_try(text, fast, lambda rest: rest.str.extract(_WHOLE, 1).cast(pl.Int64, strict=False))


def _number(text: pl.Series) -> pl.Series:
    fast = text.cast(pl.Float64, strict=False)
    fast = second_try(text, fast, lambda rest: rest.cast(pl.Float64, strict=False))
    if not has_large(fast):
        return fast
    large = (fast.is_finite() & ~fast.is_between(-MOST_EXACT, MOST_EXACT, closed="none")).fill_null(value=False)
    return fast.scatter(large.arg_true(), by_grammar(text.filter(large), "number"))


def has_large(numbers: pl.Series) -> bool:
    """True if a float may stand for an integer that it does not hold, so that the texts must be compared."""
    least, most = numbers.min(), numbers.max()
    return least is not None and not (least > -MOST_EXACT and most < MOST_EXACT)  # type: ignore[operator]


_CASTS: Mapping[str, Callable[[pl.Series], pl.Series]] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "text": lambda text: text,
    "category": lambda text: text,
    "date": dates,
    "datetime": moments,
}
