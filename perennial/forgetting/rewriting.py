"""Writes a file again without the rows of a subject: Parquet, delimited text, JSON lines, and JSON lists of rows.

Everything else of the file stays as it is, so what was accepted before is accepted again.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from typing import Any

import polars as pl

from perennial import PerennialError
from perennial.forgetting import contents
from perennial.forgetting.tracing import Tracer


class RewriteError(PerennialError):
    """A file holds the subject in a form from which rows cannot be taken out: it has to be deleted as a whole."""


def without(body: bytes, tracer: Tracer) -> tuple[bytes, int]:
    """The file without the subject's rows, and their number; the same bytes where there are none.

    Raises RewriteError where something of the subject would be left.
    """
    written, rows = without_rows(body, tracer)
    left = contents.search(written, tracer)
    if left:
        raise RewriteError(f"{left.rows} row(s) and {left.mentions} mention(s) would be left in the file")
    return written, rows


def without_rows(body: bytes, tracer: Tracer) -> tuple[bytes, int]:
    """The same, where a value of the subject may stand in rows of others: a number may be another's, too.

    Raises RewriteError where a row of the subject would be left.
    """
    if body[:2] == b"\x1f\x8b":
        try:
            inner, rows = without_rows(gzip.decompress(body), tracer)
        except (EOFError, OSError, zlib.error):
            raise RewriteError("the file is no whole gzip file") from None
        return (gzip.compress(inner, mtime=0), rows) if rows else (body, 0)
    written, rows = _parquet(body, tracer) if body[:4] == b"PAR1" else _text(body, tracer)
    left = contents.search(written, tracer).rows
    if left:
        raise RewriteError(f"{left} row(s) would be left in the file")
    return (written, rows) if rows else (body, 0)


def _parquet(body: bytes, tracer: Tracer) -> tuple[bytes, int]:
    frame = pl.read_parquet(io.BytesIO(body))
    chosen = tracer.mask_of_all(frame)
    if not chosen.any():
        return body, 0
    file = io.BytesIO()
    frame.filter(~chosen).write_parquet(file)
    return file.getvalue(), int(chosen.sum())


def _text(body: bytes, tracer: Tracer) -> tuple[bytes, int]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return body, 0
    documents = contents.documents(text)
    if documents is None:
        return _delimited(text, tracer)
    if len(documents) > 1:
        return _json_lines(text, tracer)
    document, rows = _thinned(documents[0], tracer)
    return (json.dumps(document, ensure_ascii=False).encode(), rows) if rows else (body, 0)


def _json_lines(text: str, tracer: Tracer) -> tuple[bytes, int]:
    lines = text.splitlines(keepends=True)
    kept = [line for line in lines if not line.strip() or not contents.search(line.encode(), tracer)]
    return "".join(kept).encode(), len(lines) - len(kept)


def _thinned(document: Any, tracer: Tracer) -> tuple[Any, int]:
    """The document without the list items that are rows of the subject."""
    if isinstance(document, list):
        kept = [_thinned(item, tracer) for item in document if not tracer.is_row(item)]
        return [item for item, _ in kept], len(document) - len(kept) + sum(rows for _, rows in kept)
    if isinstance(document, dict):
        members = {name: _thinned(value, tracer) for name, value in document.items()}
        return {name: value for name, (value, _) in members.items()}, sum(rows for _, rows in members.values())
    return document, 0


def _delimited(text: str, tracer: Tracer) -> tuple[bytes, int]:
    """Delimited text by its records, each as it is written: quoted line ends stay inside one record."""
    records = list(_records(text))
    table = contents.csv_table(text)
    if table is None or len(records) < 2 or table.height != sum(1 for each in records[1:] if each.strip("\r\n")):
        return text.encode(), 0
    chosen = iter(tracer.mask_of_all(table).to_list())
    kept = [each for each in records[1:] if not each.strip("\r\n") or not next(chosen)]
    return "".join([records[0], *kept]).encode(), len(records) - 1 - len(kept)


def _records(text: str) -> Iterator[str]:
    """The records of a delimited text with their line ends."""
    record = ""
    for line in text.splitlines(keepends=True):
        record += line
        if record.count('"') % 2 == 0:
            yield record
            record = ""
    if record:
        yield record
