"""Reads the footer of a Parquet file for slicing: the position and number of rows of each row group.

The footer is FileMetaData of https://github.com/apache/parquet-format (parquet.thrift) in Thrift's compact protocol.
For any bytes, reading ends within a bound: in a Footer, or in a FooterError.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perennial.contract.thrift import BINARY, INTEGERS, LISTS, Compact, ThriftError

TAIL = 8  # the footer's length and the magic
_MAGIC = b"PAR1"
_MOST_BYTES = 64 << 20
_INT96, _FIXED_LENGTH = 3, 7
# The kept fields, by number; the others are skipped. None keeps an integer, a mapping a struct or a list.
_CHUNK = {3: {6: None, 7: None, 9: None, 11: None}}
_FILE: Mapping[int, Any] = {3: None, 4: {1: _CHUNK, 3: None}}


class FooterError(ThriftError):
    """The bytes are not a footer, or the file cannot be sliced (encrypted, columns in other files)."""


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A row group: its bytes are start..end, `unpacked` is the declared uncompressed size."""

    rows: int
    start: int
    end: int
    unpacked: int

    @property
    def size(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Footer:
    """The row groups of a file, in its order. `start` is the offset of the footer itself."""

    start: int
    groups: tuple[RowGroup, ...]

    @property
    def rows(self) -> int:
        return sum(group.rows for group in self.groups)

    def rows_before(self, group: int) -> int:
        """The number of rows in the groups before a group."""
        return sum(before.rows for before in self.groups[:group])

    def slices(self, most_bytes: int, most_rows: int) -> tuple[tuple[int, int], ...]:
        """Consecutive groups (first, last), together within the bounds unless one group alone is beyond them."""
        found: list[tuple[int, int]] = []
        first = size = rows = 0
        for place, group in enumerate(self.groups):
            if place > first and (size + group.size > most_bytes or rows + group.rows > most_rows):
                found.append((first, place - 1))
                first, size, rows = place, 0, 0
            size, rows = size + group.size, rows + group.rows
        return (*found, (first, len(self.groups) - 1)) if self.groups else ()


def length(tail: bytes) -> int:
    """The bytes that a footer has with its tail, from the file's last 8 bytes. Raises FooterError."""
    if len(tail) != TAIL or not tail.endswith(_MAGIC):
        raise FooterError("the file does not end as Parquet does")
    found = int.from_bytes(tail[:4], "little") + TAIL
    if not TAIL < found <= _MOST_BYTES:
        raise FooterError(f"the footer claims {found:,} bytes")
    return found


def read(path: Path) -> Footer:
    """The footer of a file. Raises FooterError, and OSError where there is no file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - TAIL, 0))
        found = length(file.read())
        if found > size:
            raise FooterError("the footer claims to be longer than the file")
        file.seek(size - found)
        return parse(file.read(), size)


def parse(footer: bytes, size: int) -> Footer:
    """The footer (with its tail) of a file of `size` bytes. Raises FooterError."""
    start = size - len(footer)
    try:
        reader = Compact(footer[:-TAIL])
        data = reader.struct(_FILE)
        groups = tuple(_group(group, start) for group in data.get(4, ()))
    except ThriftError as error:
        raise FooterError(str(error)) from None
    except (IndexError, RecursionError, KeyError, TypeError, AttributeError):
        raise FooterError("the footer is damaged") from None
    found = Footer(start, groups)
    if found.rows != data.get(3):
        raise FooterError(f"the footer claims {data.get(3)} rows, its row groups {found.rows}")
    return found


def without_int96(footer: bytes) -> tuple[bytes, frozenset[str]]:
    """A footer (with its tail) in which INT96 columns are FIXED_LEN_BYTE_ARRAY(12), and their names.

    Their pages are the same bytes. Raises FooterError.
    """
    data = footer[:-TAIL]
    try:
        edits, names = _Int96(data).without_int96()
    except ThriftError as error:
        raise FooterError(str(error)) from None
    except (IndexError, RecursionError, UnicodeDecodeError):
        raise FooterError("the footer is damaged") from None
    if not names:
        return footer, frozenset()
    pieces, at = [], 0
    for start, end, new in edits:
        pieces += [data[at:start], new]
        at = end
    changed = b"".join([*pieces, data[at:]])
    return changed + len(changed).to_bytes(4, "little") + _MAGIC, frozenset(names)


def _group(data: Mapping[int, Any], most: int) -> RowGroup:
    chunks = [chunk[3] for chunk in data[1]]
    starts = [min(chunk[9], chunk.get(11) or chunk[9]) for chunk in chunks]
    ends = [start + chunk[7] for start, chunk in zip(starts, chunks, strict=True)]
    unpacked = sum(chunk[6] for chunk in chunks)
    if not chunks or min(starts) < len(_MAGIC) or max(ends) > most or min(chunk[7] for chunk in chunks) < 0:
        raise FooterError("a row group lies outside of the file")
    if data[3] < 0 or unpacked < 0:
        raise FooterError("a row group claims less than nothing")
    return RowGroup(data[3], min(starts), max(ends), unpacked)


class _Int96(Compact):
    """A reader that finds the INT96 columns of a footer."""

    def without_int96(self) -> tuple[list[tuple[int, int, bytes]], set[str]]:
        """Edits (start, end, bytes) that make INT96 columns FIXED_LEN_BYTE_ARRAY(12), and the columns' names."""
        edits: list[tuple[int, int, bytes]] = []
        names: set[str] = set()
        for field, kind in self.fields(0):
            if field not in (2, 4, 5) or kind not in LISTS:
                self.skip(kind, 0)
                continue
            count, _ = self.list()
            for _ in range(count):
                if field == 2:
                    self._schema_element(edits, names)
                elif field == 4:
                    self._nested_type((1, 3, 1), edits)
                else:
                    self._arrow_schema(edits)
        return edits, names

    def _schema_element(self, edits: list[tuple[int, int, bytes]], names: set[str]) -> None:
        is_int96 = False
        for field, kind in self.fields(1):
            if is_int96 and field == 2:
                raise FooterError("an INT96 column has a length")
            if field == 1 and kind in INTEGERS:
                is_int96 = self._int96(edits)
                if is_int96:  # the length follows, and the next field counts from it
                    head = self._data[self.at]
                    edits.append((self.at, self.at + 1, b"\x15\x18" + bytes([head - 16 if head >> 4 else head])))
            elif field == 4 and kind == BINARY:
                end = self.varint() + self.at
                names.update([self._data[self.at : end].decode()] if is_int96 else [])
                self.at = end
            else:
                self.skip(kind, 1)

    def _int96(self, edits: list[tuple[int, int, bytes]]) -> bool:
        start = self.at
        is_int96 = self.zigzag() == _INT96
        if is_int96:
            edits.append((start, self.at, bytes([2 * _FIXED_LENGTH])))
        return is_int96

    def _nested_type(self, path: tuple[int, ...], edits: list[tuple[int, int, bytes]]) -> None:
        """The physical type of column chunks: the field at a path of structs and lists."""
        for field, kind in self.fields(len(path)):
            if field != path[0]:
                self.skip(kind, 1)
            elif len(path) == 1:
                self._int96(edits)
            else:
                for _ in range(self.list()[0] if kind in LISTS else 1):
                    self._nested_type(path[1:], edits)

    def _arrow_schema(self, edits: list[tuple[int, int, bytes]]) -> None:
        """Renames the key of Arrow's own schema, which would contradict the new type."""
        for field, kind in self.fields(1):
            start = self.at
            self.skip(kind, 1)
            if field == 1 and self._data[start : self.at].endswith(b"ARROW:schema"):
                edits.append((self.at - 1, self.at, b"_"))
