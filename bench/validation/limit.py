"""The limits: the cost of parsing, decoding and unpacking alone, without reading a value."""

from __future__ import annotations

import zlib
from typing import Any

import polars as pl

from bench.table import COLUMNS
from bench.work import Task, perform

DTYPES = {"boolean": pl.Boolean, "integer": pl.Int64, "number": pl.Float64, "text": pl.String}


def csv(task: Task) -> dict[str, Any]:
    """Parses the columns to their types with Polars, in batches that are discarded."""
    schema = {name: DTYPES[column.type] for name, column in COLUMNS.items()}
    return _rows(pl.scan_csv(task.current, schema=schema))


def parquet(task: Task) -> dict[str, Any]:
    """Decodes all columns with Polars, in batches that are discarded."""
    return _rows(pl.scan_parquet(task.current))


def _rows(table: pl.LazyFrame) -> dict[str, Any]:
    return {"rows": sum(batch.height for batch in table.collect_batches())}


def unpack(task: Task) -> dict[str, Any]:
    """Decompresses with zlib alone, a megabyte at a time."""
    size, unpacker = 0, zlib.decompressobj(wbits=31)
    with task.current.open("rb") as file:
        while block := file.read(1 << 20):
            size += len(unpacker.decompress(block))
    return {"bytes": size + len(unpacker.flush())}


if __name__ == "__main__":
    perform({"csv": csv, "parquet": parquet, "csv.gz": unpack})
