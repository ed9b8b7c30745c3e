"""Arrow and pandas forms of the declared types."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from perennial.contract.columns import Column

ARROW_TYPES: dict[str, pa.DataType] = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "category": pa.string(),
    "date": pa.timestamp("us"),
    "datetime": pa.timestamp("us", "UTC"),
}
_PANDAS_TYPES = {pa.bool_(): pd.BooleanDtype(), pa.int64(): pd.Int64Dtype()}


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """A table of the declared Arrow types as a frame of the declared pandas types."""
    rows: pd.DataFrame = table.to_pandas(types_mapper=_PANDAS_TYPES.get)
    return rows


def to_arrow(rows: pd.DataFrame, columns: Mapping[str, Column]) -> pa.Table:
    """The inverse, for the given columns."""
    arrays = [pa.array(rows[name], type=ARROW_TYPES[c.type], from_pandas=True) for name, c in columns.items()]
    return pa.table(arrays, names=list(columns))
