"""A Parquet body as typed rows. pyarrow is imported with the first one, because most servers receive none."""

from __future__ import annotations

from typing import Any

from perennial.contract import parquet
from perennial.contract.fields import PayloadError
from perennial.contract.requests import check_names
from perennial.contract.schema import Rows, Schema


def rows_of_parquet(body: bytes, schema: Schema) -> Rows:
    """The typed rows by column. Raises PayloadError."""
    if not body:
        raise PayloadError("the body is empty; expected at least one row")
    import pyarrow as pa
    import pyarrow.parquet as pq

    parquet.check(body, len(schema.names))
    try:
        told = pq.ParquetFile(pa.BufferReader(body), coerce_int96_timestamp_unit="us")
        names = list(told.schema_arrow.names)
        check_names(names, schema)
        wanted = [name for name in schema.names if name in names]
        # As dictionaries, texts that are repeated a million times are held once.
        texts = [name for name in wanted if told.schema_arrow.field(name).type in _texts()]
        reader = pa.BufferReader(body)
        file = pq.ParquetFile(reader, read_dictionary=texts, coerce_int96_timestamp_unit="us")
        table = file.read(columns=wanted, use_threads=False)
        length = sum(_length(table.column(name)) for name in wanted)  # raises for an index beyond its dictionary
    except (OSError, pa.ArrowException, MemoryError, UnicodeDecodeError) as error:
        raise PayloadError(f"the Parquet cannot be read: {str(error)[:200]}") from None
    parquet.check_texts(length)
    columns = {name: _values(table.column(name), name) for name in table.column_names}
    return schema.rows(columns, table.num_rows)


def _values(column: Any, name: str) -> list[Any]:
    """The column as Python values."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_nested(kind):
        raise PayloadError(f"the column '{name}' is {kind}, which is no column of single values", None, name)
    if pa.types.is_timestamp(kind):
        try:
            column = column.cast(pa.timestamp("us", kind.tz))
        except pa.ArrowInvalid:
            raise PayloadError(f"the column '{name}' has moments finer than microseconds", None, name) from None
    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError):
        raise PayloadError(f"the column '{name}' has values beyond those of its type", None, name) from None
    return values


def _length(column: Any) -> int:
    """The bytes of all texts of a column; 0 for other columns."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type):
        return int(pc.sum(pc.binary_length(column)).as_py() or 0) if column.type in _texts() else 0
    if column.type.value_type not in _texts():
        return 0
    lengths = (pc.binary_length(chunk.dictionary).take(chunk.indices) for chunk in column.chunks)
    return sum(int(pc.sum(chunk).as_py() or 0) for chunk in lengths)


def _texts() -> tuple[Any, ...]:
    import pyarrow as pa

    return (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
