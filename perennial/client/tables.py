"""Reads a table whole: CSV (also .gz) as text, Parquet and JSON lines with their own types, or JSON lines as text."""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from perennial.client import unprepared
from perennial.client.errors import ClientError
from perennial.client.unprepared import STDIN
from perennial.contract.columns import Column
from perennial.contract.formats import JsonNumber
from perennial.validation import csv_text, footer, int96, json_lines

SAMPLE_BYTES = 64 << 20  # of text, from which a spec is drafted


@dataclass(frozen=True)
class Table:
    """A table; whether all its values are the text of the file, as in CSV; whether it has all rows of the file."""

    path: Path
    frame: pl.DataFrame
    is_text: bool
    is_whole: bool = True


def read_first(path: Path, most: int = SAMPLE_BYTES) -> Table:
    """The first rows of a file, as many as `most` bytes of text hold; the whole table of a smaller or Parquet file.

    Raises ClientError for a file that is no usable table.
    """
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if is_packed else path.open("rb") as text:
            data = text.read(most + 1)
    except (OSError, EOFError):
        return read(path)  # with the reason in a sentence
    end = csv_text.last_record_end(data[:most])
    if len(data) <= most or data.startswith(b"PAR1") or not end:
        return read(path)
    return replace(_read(path, data[:end]), is_whole=False)


def read(path: Path, as_text: bool = False, columns: Mapping[str, Column] | None = None) -> Table:
    """The whole table of a file, or of stdin for '-'; its format follows from its first bytes.

    `as_text`: values of JSON lines are the text in the file, numbers in the format of their column. Raises ClientError
    for a file that is no usable table.
    """
    return _read(path, sys.stdin.buffer.read() if path == STDIN else _bytes(path), as_text, columns)


def _read(path: Path, data: bytes, as_text: bool = False, columns: Mapping[str, Column] | None = None) -> Table:
    if not data.strip():
        raise ClientError(f"{path}: the file is empty")
    try:
        if data.startswith(b"PAR1"):
            table = Table(path, int96.frame_of(data), is_text=False)
        elif as_text and data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
            table = Table(path, _json_text(path, data.removeprefix(b"\xef\xbb\xbf"), columns or {}), is_text=True)
        elif data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
            table = Table(path, pl.read_ndjson(io.BytesIO(data), infer_schema_length=None), is_text=False)
        else:
            names = _check_csv(path, data)
            frame = pl.read_csv(io.BytesIO(data), infer_schema=False, empty_string_is_null=not as_text)
            frame.columns = names  # Polars leaves doubled quotes in names as they are
            table = Table(path, frame, is_text=True)
    except (pl.exceptions.PolarsError, footer.FooterError) as error:
        raise ClientError(f"{path}: cannot be read as a table: {_first_sentence(error)}") from None
    if not table.frame.height:
        raise ClientError(f"{path}: there are no rows in it")
    return table


def _json_text(path: Path, data: bytes, columns: Mapping[str, Column]) -> pl.DataFrame:
    """JSON lines as text, read as validation reads them; a name missing in a row is a null."""
    rows: list[dict[str, str | None]] = []
    for number, line in enumerate((line for line in data.split(b"\n") if line.strip()), 1):
        row = json_lines.parsed(line, JsonNumber)
        if isinstance(row, str):
            raise ClientError(f"{path}: row {number} {row}")
        rows.append({name: json_lines.cell(value, columns.get(name)) for name, value in row.items()})
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame({name: pl.Series([row.get(name) for row in rows], dtype=pl.String) for name in names})


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except FileNotFoundError:
        raise ClientError(f"{path}: no such file") from None
    except (OSError, EOFError) as error:
        raise ClientError(f"{path}: cannot be read: {error}") from None


def _check_csv(path: Path, data: bytes) -> list[str]:
    """The columns' names. Raises ClientError for faults that Polars would read without an error.

    These are another encoding or delimiter, a repeated name, and a short row.
    """
    fault = unprepared.find(path, data)
    if fault is not None:
        raise ClientError(f"{path}: {fault}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ClientError(
            f"{path}: it holds zero bytes, so it is no text; expected CSV, CSV.gz, Parquet or JSON lines"
        ) from None
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        names = next(rows)
    except csv.Error as error:
        raise ClientError(f"{path}: is no CSV: {error}") from None
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ClientError(f"{path}: the column '{twice[0]}' occurs twice; give each column a name of its own")
    _check_widths(path, len(names), rows)
    return names


def _check_widths(path: Path, width: int, rows: Iterator[list[str]]) -> None:
    try:
        for number, row in enumerate(rows, 1):
            if len(row) != width and not (width == 1 and not row):
                raise ClientError(f"{path}: row {number} has {len(row)} values, the header has {width} names")
    except csv.Error as error:
        raise ClientError(f"{path}: is no CSV: {error}") from None


def _first_sentence(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
