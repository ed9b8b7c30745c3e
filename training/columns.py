"""Declared columns and their pandas types, the same in training and serving."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from perennial.contract.columns import Column


def frame(columns: Mapping[str, Column], values: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """A typed frame, in the columns' order, from equally long lists of Python values; None is null."""
    return pd.DataFrame({name: series(column, values[name]) for name, column in columns.items()}, copy=False)


def series(column: Column, values: Sequence[Any]) -> pd.Series:
    """One typed column. A datetime without a zone is UTC."""
    data: Any
    match column.type:
        case "boolean":
            data = pd.Series(list(values), dtype="boolean")
        case "integer":
            data = pd.Series(list(values), dtype="Int64")
        case "number":
            data = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        case "date":
            data = np.array(values, dtype="datetime64[us]")
        case "datetime":
            moments = [_without_zone(value) for value in values]
            data = pd.Series(np.array(moments, dtype="datetime64[us]")).dt.tz_localize("UTC")
        case _:
            data = np.array([*values, None], dtype=object)[:-1]
    return pd.Series(data)


def plain(column: Column, values: pd.Series) -> list[Any]:
    """The inverse of `series`, ready for JSON: dates and times as ISO 8601 text, null as None."""
    if column.type in ("date", "datetime"):
        return [None if value is pd.NaT else _iso(column, value) for value in values]
    return [None if pd.isna(value) else value for value in values.astype(object).tolist()]


def _iso(column: Column, value: pd.Timestamp) -> str:
    return value.date().isoformat() if column.type == "date" else value.tz_convert("UTC").isoformat()


def _without_zone(value: Any) -> Any:
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC).replace(tzinfo=None)
    return value
