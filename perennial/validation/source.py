"""Reads a file in bounded blocks, decompresses gzip, and detects the format from the first bytes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from perennial.contract.dataset import Limits
from perennial.validation.gunzip import Gunzip, GzipError
from perennial.validation.verdict import Problem

HEAD = 256 << 10
_GZIP = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = {b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"\xfd7zXZ\0": "xz",
    b"ORC": "ORC",
    b"Obj\x01": "Avro",
    b"ARROW1": "Arrow IPC",
    b"SQLite format 3": "SQLite",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet",
}
_MARKUP = (b"<?xml", b"<error", b"<!doctype", b"<html")


class UnreadableError(Exception):
    """The file cannot be read (further) as a table; `problem` states why and becomes part of the verdict."""

    def __init__(self, code: str, message: str, row: int | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(code, message, row=row)


class Source:
    """The bytes of a file in blocks of at most `limits.batch_bytes`."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self.limits = limits
        self.size = path.stat().st_size
        with path.open("rb") as file:
            self.compressed = file.read(2) == _GZIP

    def head(self) -> bytes:
        """The first 256 KiB (fewer in a shorter file), decompressed."""
        if self.compressed:
            return next(self.blocks(HEAD), b"")
        with self.path.open("rb") as file:
            return file.read(HEAD)

    def blocks(self, size: int | None = None) -> Iterator[bytes]:
        """Blocks of `size` bytes, or up to the next line end where that costs nothing; the last one is shorter.

        Raises UnreadableError for bombs and broken gzip.
        """
        size = size or self.limits.batch_bytes
        if self.compressed:
            yield from self._inflated(size)
            return
        if self.size > self.limits.total_bytes:
            raise UnreadableError("too-large", f"the file has {self.size:,} bytes, {self._allowed} are allowed")
        with self.path.open("rb") as file:
            while block := file.read(_to_line_end(file, size, self.limits.line_bytes)):
                yield block
                del block

    @property
    def _allowed(self) -> str:
        return f"{self.limits.total_bytes:,}"

    def _inflated(self, size: int) -> Iterator[bytes]:
        total = 0
        with self.path.open("rb") as file:
            try:
                gunzip = Gunzip(file)
                while block := self._filled(gunzip, size, total):
                    total += len(block)
                    yield block
            except GzipError as error:
                raise UnreadableError(error.code, str(error)) from None

    def _filled(self, gunzip: Gunzip, size: int, total: int) -> bytes:
        """`size` bytes, fewer at the end; checks the limits."""
        pieces: list[bytes] = []
        room = size
        while room and (piece := gunzip.read(room)):
            pieces.append(piece)
            room -= len(piece)
            self._weigh(total + size - room)
        return b"".join(pieces)

    def _weigh(self, total: int) -> None:
        if total > self.limits.total_bytes:
            raise UnreadableError("bomb", f"the file unpacks to more than {self._allowed} bytes")
        if total > self.limits.expansion_free_bytes and total > self.size * self.limits.expansion:
            message = f"{self.size:,} bytes unpack to more than {total:,}; {self.limits.expansion} times is allowed"
            raise UnreadableError("bomb", message)


def _to_line_end(file: BinaryIO, size: int, longest: int) -> int:
    """The number of bytes to read for whole lines: a block that ends in one need not be cut, which would copy it."""
    start = file.tell()
    file.seek(start + size - 1)
    rest = len(file.readline(longest))
    file.seek(start)
    return size - 1 + rest


def sniff(source: Source, name: str) -> str:
    """'parquet', 'jsonl' or 'csv', by content. Raises UnreadableError if the file is not a table."""
    head = source.head()
    text = head.removeprefix(_UTF8_BOM).lstrip()
    if not text:
        raise UnreadableError("empty", "the file is empty")
    if head.startswith(b"PAR1"):
        if source.compressed:
            raise UnreadableError("format", "the file is Parquet inside gzip; upload the Parquet file as it is")
        return "parquet"
    if name.lower().endswith((".parquet", ".pq")):
        raise UnreadableError("format", "the file is named as Parquet but does not begin as Parquet does")
    _refuse_foreign(head, text)
    if text.startswith(b"[") and text[1:].lstrip()[:1] in (b"{", b"[", b"]"):
        raise UnreadableError("format", "the file is one JSON array; one JSON object on each line is expected")
    return "jsonl" if text.startswith(b"{") else "csv"


def without_mark(head: bytes) -> bytes:
    """The bytes without a UTF-8 byte-order mark."""
    return head.removeprefix(_UTF8_BOM)


def check_text(data: bytes, row: int) -> None:
    """Raises UnreadableError unless the bytes are UTF-8; `row` is the data row that they begin with."""
    if data.isascii():
        return
    try:
        data.decode()
    except UnicodeDecodeError as error:
        at = row + data.count(b"\n", 0, error.start)
        where = "the header" if at < 1 else f"row {at}"
        guess = ", perhaps Latin-1" if error.object[error.start] >= 0xA0 else ""
        message = f"{where}: byte 0x{error.object[error.start]:02x} is not UTF-8{guess}; save the file as UTF-8"
        raise UnreadableError("encoding", message, at if at > 0 else None) from None


def _refuse_foreign(head: bytes, text: bytes) -> None:
    for mark, encoding in _WIDE_BOMS.items():
        if head.startswith(mark):
            raise UnreadableError("encoding", f"the file is {encoding}; save it as UTF-8")
    if head[:4096].count(0) * 4 > len(head[:4096]):
        raise UnreadableError("encoding", "a quarter of the first bytes are zero: UTF-16, or no text at all")
    for mark, name in _FOREIGN.items():
        if head.startswith(mark):
            raise UnreadableError("format", f"the file is {name}; CSV, CSV.gz, Parquet or JSON lines is expected")
    if text[:16].lower().startswith(_MARKUP):
        code = re.search(rb"<Code>(\w{1,64})</Code>", text)
        clause = f": it says {code[1].decode()}" if code else ""
        kind = "an HTML page" if b"<html" in text[:512].lower() else "an XML page"
        raise UnreadableError("error-page", f"the file is {kind}, not a table{clause}; download the data again")
