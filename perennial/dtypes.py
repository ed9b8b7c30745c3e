"""The contract's types in Polars: data types, and bounds as values."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime

import polars as pl

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract
from perennial.contract.part import ContractError

_LARGE = 1 << 100  # beyond each 64-bit integer; Polars' own integers end at 2 ** 127
Bound = int | float | str | date | datetime
DTYPES: Mapping[str, pl.DataType] = {
    "boolean": pl.Boolean(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "text": pl.String(),
    "category": pl.String(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us", "UTC"),
}


def dtypes(contract: Contract) -> dict[str, pl.DataType]:
    """The data type of each column."""
    return {name: DTYPES[column.type] for name, column in contract.columns.items()}


def bound(column: Column, value: Bound) -> int | float | date | datetime:
    """The bound of a column as a value of its type. Raises ContractError when it is none."""
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
        return float(value) if abs(value) >= _LARGE else value
    except (ValueError, OverflowError):
        raise ContractError(f"{value!r} is no bound of a column of type {column.type}") from None


def is_pattern(name: str) -> bool:
    """True if Polars would interpret a column's name as a pattern over names."""
    return name == "*" or (name.startswith("^") and name.endswith("$"))
