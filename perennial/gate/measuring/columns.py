"""The columns of a table as NumPy arrays, whether pandas or Polars holds them; imports neither of the two.

A training job has pandas, a Lambda function has Polars: both measure by the same code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Table(Protocol):
    """A data frame of pandas or of Polars."""

    columns: Any

    def __len__(self) -> int: ...

    def __getitem__(self, name: str, /) -> Any: ...


@dataclass(frozen=True)
class Values:
    """`known`: the rows without null, (n,). `values`: their values, in order. `zone`: the suffix of their texts."""

    known: NDArray[np.bool_]
    values: NDArray[Any]
    zone: str = ""

    def is_measured(self) -> bool:
        """True for numbers, dates and datetimes; false for truth values and texts."""
        return self.values.dtype.kind in "iufM"

    def times(self) -> NDArray[np.datetime64]:
        """Dates or datetimes, (n,); not a time for nulls and in other columns."""
        made = np.full(len(self.known), np.datetime64("NaT"), dtype="datetime64[us]")
        if self.values.dtype.kind == "M":
            made[self.known] = self.values
        return made

    def text(self, value: Any) -> str:
        """A value as evaluation.json writes it."""
        if isinstance(value, np.datetime64):
            value = value.astype("datetime64[us]").item()
        return text_of(value) + (self.zone if isinstance(value, datetime) else "")


def text_of(value: Any) -> str:
    """A value as evaluation.json writes it: true and false as in JSON, 1.0 as 1, a date without T00:00:00."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, float | np.floating):
        return str(int(value)) if float(value).is_integer() else f"{float(value):.6g}"
    if isinstance(value, datetime):
        return value.isoformat().removesuffix("T00:00:00")
    return str(value)


def values_of(column: Any) -> Values:
    """The values of a column of pandas or Polars. A NaN is a null; datetimes with a zone are in UTC."""
    return _of_polars(column) if hasattr(column, "is_null") else _of_pandas(column)


def numbers_of(values: NDArray[Any]) -> Floats:
    """Numbers, or times as microseconds since 1970, (n,)."""
    whole = values.astype("datetime64[us]").astype(np.int64) if values.dtype.kind == "M" else values
    return np.asarray(whole, dtype=np.float64)


def floats_of(column: Any) -> Floats:
    """A numeric column, (n,), NaN for nulls."""
    found = values_of(column)
    made = np.full(len(found.known), np.nan)
    made[found.known] = found.values.astype(np.float64)
    return made


def _of_polars(column: Any) -> Values:
    nulls = column.is_null()
    if column.dtype.is_float():
        nulls = nulls | column.is_nan().fill_null(value=True)
    known = ~nulls.to_numpy().astype(np.bool_)
    kept = column.filter(known)
    if kept.dtype.is_numeric() or kept.dtype.is_temporal() or str(kept.dtype) == "Boolean":
        return Values(known, kept.to_numpy(), _suffix(getattr(kept.dtype, "time_zone", None)))
    return Values(known, np.array(kept.to_list(), dtype=object))


def _of_pandas(column: Any) -> Values:
    known = column.notna().to_numpy(dtype=np.bool_)
    kept = column[known]
    zone = getattr(kept.dtype, "tz", None)
    if zone is not None:
        kept = kept.dt.tz_convert("UTC").dt.tz_localize(None)
    kind = getattr(kept.dtype, "numpy_dtype", kept.dtype)  # of a nullable type: that of its values
    return Values(known, kept.to_numpy(dtype=kind) if isinstance(kind, np.dtype) else kept.to_numpy(), _suffix(zone))


def _suffix(zone: object) -> str:
    return "+00:00" if zone else ""
