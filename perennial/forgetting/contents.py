"""Decodes objects for the search: Parquet, CSV, JSON, JSON lines, captured traffic, and archives with all of these."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from perennial import capture
from perennial.forgetting.tracing import Tracer

DEEPEST = 4  # archives and compressed files inside one another
_SEPARATORS = ",;\t|"
_LONGEST_HEADER = 1 << 20


@dataclass(frozen=True)
class Found:
    """The rows or records of a subject in an object, and the places where a value stands in a text."""

    rows: int = 0
    mentions: int = 0

    def __bool__(self) -> bool:
        """True if it holds anything."""
        return bool(self.rows or self.mentions)

    def __add__(self, other: Found) -> Found:
        """Both together."""
        return Found(self.rows + other.rows, self.mentions + other.mentions)


def search(body: bytes, tracer: Tracer, learn: bool = False, depth: int = 0) -> Found:
    """Searches the bytes of an object, by their form and not by their name. With `learn` the rows are kept.

    Whatever cannot be decoded is searched as text, so a broken file is no error. Mentions are counted only where no
    row was found, for a row's values stand in the text, too.
    """
    if depth < DEEPEST and body[:2] == b"\x1f\x8b":
        return _unzipped(body, tracer, learn, depth)
    if body[:4] == b"PAR1":
        try:
            frame = pl.read_parquet(io.BytesIO(body))
        except (pl.exceptions.PolarsError, OSError):
            return Found(mentions=tracer.mentions(body.decode(errors="replace")))
        return _of_table(frame, tracer, learn)
    text = body.decode("utf-8-sig", errors="replace")
    found_documents = documents(text)
    if found_documents is not None:
        rows = sum(_of_document(document, tracer) for document in found_documents)
        return Found(rows) if rows else Found(mentions=tracer.mentions(text))
    table = csv_table(text)
    found = Found() if table is None else _of_table(table, tracer, learn)
    return found if found.rows else Found(mentions=tracer.mentions(text))


def _of_table(frame: pl.DataFrame, tracer: Tracer, learn: bool) -> Found:
    rows = int(tracer.mask_of_all(frame).sum())
    if learn and rows:
        tracer.learn(frame)
    if rows:
        return Found(rows)
    texts = (frame[name] for name, dtype in frame.schema.items() if dtype == pl.String)
    return Found(mentions=sum(tracer.mentions("\n".join(text.drop_nulls().unique().to_list())) for text in texts))


def _of_document(document: object, tracer: Tracer) -> int:
    """The rows in a JSON document; a record of captured traffic is opened."""
    if isinstance(document, dict) and "captureData" in document:
        try:
            request = capture.read(json.dumps(document).encode())
        except capture.CaptureError:
            return tracer.records(document)
        bodies = [request.body, *([request.answer] if request.answer else [])]
        return sum(search(body, tracer, depth=DEEPEST).rows for body in bodies)
    return tracer.records(document)


def documents(text: str) -> list[object] | None:
    """The JSON documents of a text: one, or one a line; None for another text."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return [json.loads(text)]
    except (ValueError, RecursionError):
        pass
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        return None


def csv_table(text: str) -> pl.DataFrame | None:
    """A delimited text with its header, all values as text; None where it is none."""
    header = text[:_LONGEST_HEADER].partition("\n")[0]
    separator = max(_SEPARATORS, key=header.count)
    try:
        return pl.read_csv(
            io.BytesIO(text.encode()),
            separator=separator,
            infer_schema=False,
            truncate_ragged_lines=True,
        )
    except (pl.exceptions.PolarsError, UnicodeError, OSError):
        return None


def _unzipped(body: bytes, tracer: Tracer, learn: bool, depth: int) -> Found:
    """A tar.gz by its members, another gzip file by its content."""
    try:
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as archive:
            return sum((search(member, tracer, learn, depth + 1) for member in _members(archive)), Found())
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        pass
    try:
        return search(gzip.decompress(body), tracer, learn, depth + 1)
    except (EOFError, OSError, zlib.error):
        return Found()


def _members(archive: tarfile.TarFile) -> Iterator[bytes]:
    for member in archive:
        file = archive.extractfile(member) if member.isreg() else None
        if file is not None:
            yield file.read()
