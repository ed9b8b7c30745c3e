"""A Parquet body as typed rows. pyarrow is imported with the first one, because most servers receive none."""

from __future__ import annotations

from typing import Any

from perennial.contract.fields import PayloadError
from perennial.contract.requests import check_names
from perennial.contract.schema import Rows, Schema

_MOST_ROWS = 200_000
# Six megabytes of Parquet can hold gigabytes: the declared size is checked before decompression.
_MOST_CELLS = 4_000_000
_MOST_CHARACTERS = 64 * 1024**2


def rows_of_parquet(body: bytes, schema: Schema) -> Rows:
    """The typed rows by column. Raises PayloadError."""
    if not body:
        raise PayloadError("the body is empty; expected at least one row")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        told = pq.ParquetFile(pa.BufferReader(body), coerce_int96_timestamp_unit="us")
        names = list(told.schema_arrow.names)
        _check(names, told.metadata.num_rows, schema)
        wanted = [name for name in schema.names if name in names]
        # As dictionaries, texts that are repeated a million times are held once.
        texts = [name for name in wanted if told.schema_arrow.field(name).type in _texts()]
        reader = pa.BufferReader(body)
        file = pq.ParquetFile(reader, read_dictionary=texts, coerce_int96_timestamp_unit="us")
        table = file.read(columns=wanted, use_threads=False)
    except (OSError, pa.ArrowException, MemoryError) as error:
        raise PayloadError(f"the Parquet cannot be read: {str(error)[:200]}") from None
    columns = {name: _values(table.column(name), name) for name in table.column_names}
    return schema.rows(columns, table.num_rows)


def _check(names: list[str], rows: int, schema: Schema) -> None:
    check_names(names, schema)
    if rows > _MOST_ROWS or rows * len(schema.names) > _MOST_CELLS:
        raise PayloadError(f"the Parquet holds {rows} rows; at most {_MOST_ROWS} rows and {_MOST_CELLS} cells are read")


def _values(column: Any, name: str) -> list[Any]:
    """The column as Python values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = _unfolded(column, name)
        kind = column.type
    if pa.types.is_nested(kind):
        raise PayloadError(f"the column '{name}' is {kind}, which is no column of single values", None, name)
    if pa.types.is_timestamp(kind):
        try:
            column = column.cast(pa.timestamp("us", kind.tz))
        except pa.ArrowInvalid:
            raise PayloadError(f"the column '{name}' has moments finer than microseconds", None, name) from None
    if kind in _texts():
        _check_length(pc.sum(pc.binary_length(column)).as_py() or 0, name)
    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError):
        raise PayloadError(f"the column '{name}' has values beyond those of its type", None, name) from None
    return values


def _unfolded(column: Any, name: str) -> Any:
    import pyarrow.compute as pc

    if column.type.value_type in _texts():
        total = 0
        for chunk in column.chunks:
            lengths = pc.binary_length(chunk.dictionary).take(chunk.indices)
            total += pc.sum(lengths).as_py() or 0
        _check_length(total, name)
    return column.cast(column.type.value_type)


def _texts() -> tuple[Any, ...]:
    import pyarrow as pa

    return (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())


def _check_length(characters: int, name: str) -> None:
    if characters > _MOST_CHARACTERS:
        raise PayloadError(f"the column '{name}' unfolds to {characters} bytes; at most {_MOST_CHARACTERS}", None, name)
