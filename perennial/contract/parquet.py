"""The sizes of a Parquet body, known before a library reads it: rows, decompressed pages, and what encodings unfold to.

A library allocates what the headers of pages claim, and a footer may claim anything; so the headers are read first, one
after another. https://github.com/apache/parquet-format (parquet.thrift)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from perennial.contract.fields import PayloadError
from perennial.contract.thrift import Compact, ThriftError

MOST_ROWS = 200_000
MOST_CELLS = 4_000_000
#: bytes of the decompressed pages of a body, and of its texts; a body itself has at most 6 MB
MOST_BYTES = 64 << 20
MOST_TEXT = 32 << 20
_MOST_FOOTER = 2 << 20
_MOST_VALUES = 200_000  # of the footer
_MOST_PAGES = 10_000
_TAIL, _MAGIC = 8, b"PAR1"
_ELEMENT = {2: None}
_CHUNK = {3: {5: None, 7: None, 9: None, 11: None}}
_FILE: Mapping[int, Any] = {2: _ELEMENT, 3: None, 4: {1: _CHUNK, 3: None}}
_DATA = {1: None, 2: None}
_PAGE: Mapping[int, Any] = {1: None, 2: None, 3: None, 5: _DATA, 8: {1: None, 4: None}}
#: each value repeats a part of the one before it, so that a page of n bytes may hold n texts of n bytes
_DELTA_BYTE_ARRAY = 7


@dataclass(frozen=True)
class Footer:
    """The claims of a footer: rows, and the column chunks as (values, start, end)."""

    rows: int
    chunks: tuple[tuple[int, int, int], ...]


def check(body: bytes, columns: int) -> None:
    """Raises PayloadError for a body that is damaged or larger than a request may be; `columns` are the features."""
    try:
        found = _footer(body)
        if found.rows > MOST_ROWS or found.rows * columns > MOST_CELLS:
            message = f"the Parquet holds {found.rows} rows; at most {MOST_ROWS} rows and {MOST_CELLS} cells are read"
            raise PayloadError(message)
        _check_pages(body, found)
    except ThriftError as error:
        raise PayloadError(f"the Parquet cannot be read: {error}") from None
    except (IndexError, KeyError, TypeError, AttributeError):
        raise PayloadError("the Parquet cannot be read: its metadata is damaged") from None


def check_texts(total: int) -> None:
    """Raises PayloadError if the texts of all columns are too long together."""
    if total > MOST_TEXT:
        raise PayloadError(f"the Parquet unfolds to {total} bytes of text; at most {MOST_TEXT} are read")


def _footer(body: bytes) -> Footer:
    if len(body) < 2 * _TAIL or not body.endswith(_MAGIC):
        raise ThriftError("it does not end as Parquet does")
    size = int.from_bytes(body[-_TAIL:-4], "little")
    if not 0 < size <= min(len(body) - _TAIL, _MOST_FOOTER):
        raise ThriftError(f"its footer claims {size} bytes")
    start = len(body) - _TAIL - size
    data = Compact(body[start:-_TAIL], most_values=_MOST_VALUES).struct(_FILE)
    groups = data.get(4, ())
    rows = [group[3] for group in groups]
    if any(count < 0 for count in rows) or sum(rows) != data[3]:
        raise ThriftError(f"its footer claims {data[3]} rows, its row groups {sum(rows)}")
    widths = sum(element.get(2, 0) for element in data[2])
    if min((element.get(2, 0) for element in data[2]), default=0) < 0 or widths * data[3] > MOST_BYTES:
        raise ThriftError(f"{data[3]} rows of {widths} bytes of fixed length are too many")
    chunks = [_chunk(chunk[3], group[3], start) for group in groups for chunk in group[1]]
    return Footer(data[3], tuple(chunks))


def _chunk(data: Mapping[int, int], rows: int, most: int) -> tuple[int, int, int]:
    start = min(data[9], data.get(11) or data[9])
    if start < 0 or data[7] < 0 or start + data[7] > most:
        raise ThriftError("a column lies outside of the body")
    if not 0 <= data[5] <= rows:
        raise ThriftError(f"a column claims {data[5]} values in {rows} rows; lists are not read")
    return data[5], start, start + data[7]


def _check_pages(body: bytes, footer: Footer) -> None:
    total = pages = 0
    for values, start, end in footer.chunks:
        seen = 0
        for count, unpacked in _pages(body, start, end):
            seen, total, pages = seen + count, total + unpacked, pages + 1
            if total > MOST_BYTES:
                raise PayloadError(f"the Parquet unfolds to more than {MOST_BYTES} bytes")
            if pages > _MOST_PAGES:
                raise PayloadError(f"the Parquet has more than {_MOST_PAGES} pages")
        if seen != values:
            raise ThriftError(f"a column claims {values} values, its pages {seen}")


def _pages(body: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The number of values of each page of a column, and the bytes that it unfolds to."""
    while start < end:
        reader = Compact(body, start, most_values=1000)
        head = reader.struct(_PAGE)
        start = reader.at + head[3]
        data = head.get(5) or head.get(8) or {1: 0}
        if head[2] < 0 or head[3] < 0 or data[1] < 0 or start > end:
            raise ThriftError("a page lies outside of its column")
        encoding = data.get(2) if 5 in head else data.get(4)
        yield data[1], head[2] * (max(data[1], 1) if encoding == _DELTA_BYTE_ARRAY else 1)
