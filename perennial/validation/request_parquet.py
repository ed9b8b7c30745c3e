"""A Parquet request read with Polars, as the server reads it with pyarrow."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import polars as pl

from perennial.contract import parquet
from perennial.contract.fields import Field, PayloadError
from perennial.contract.requests import check_names
from perennial.contract.schema import Rows, Schema
from perennial.validation.casts import in_calendar, readable
from perennial.validation.int96 import frame_of
from perennial.validation.parquet import damaged

_TEXTS = (pl.String, pl.Binary, pl.Categorical, pl.Enum)


def rows_of_parquet(body: bytes, schema: Schema) -> Rows:
    """The rows as the server read them. Raises PayloadError."""
    parquet.check(body, len(schema.names))
    try:
        frame = in_calendar(frame_of(body))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise PayloadError(str(damaged(error))) from None
    check_names(frame.columns, schema)
    texts = [name for name in schema.names if name in frame.columns and frame[name].dtype in _TEXTS]
    parquet.check_texts(sum(int(_bytes(frame[name]).sum() or 0) for name in texts))
    columns = {field.name: _values(frame, field) for field in schema.fields if field.name in frame.columns}
    for field in schema.kept:
        if field.name in frame.columns:
            with suppress(PayloadError):  # the server has not read it
                columns[field.name] = _values(frame, field)
    return schema.rows(columns, frame.height)


def _values(frame: pl.DataFrame, field: Field) -> list[Any]:
    """The values of a column. Raises PayloadError."""
    values = frame[field.name]
    if not readable(values.dtype, field.column):
        message = f"the column '{field.name}' is {values.dtype}, which holds no values of type {field.kind}"
        raise PayloadError(message, None, field.name)
    if (
        isinstance(values.dtype, pl.Datetime)
        and values.dtype.time_unit == "ns"
        and (values.to_physical() % 1000 != 0).any()
    ):
        raise PayloadError(f"the column '{field.name}' has moments finer than microseconds", None, field.name)
    try:
        return values.to_list()
    except (ValueError, OverflowError):
        raise PayloadError(f"the column '{field.name}' has moments beyond the year 9999", None, field.name) from None


def _bytes(values: pl.Series) -> pl.Series:
    """The number of bytes of each text."""
    return values.bin.size() if values.dtype == pl.Binary else values.cast(pl.String).str.len_bytes()
