"""Reads JSON lines, one object per row, strictly. Numbers keep their digits."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import polars as pl

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract
from perennial.contract.formats import JsonNumber, literal
from perennial.validation import csv_text, json_proof
from perennial.validation.casts import without_marks
from perennial.validation.columns import match
from perennial.validation.prefetch import prefetch
from perennial.validation.source import Source, UnreadableError, check_text, without_mark
from perennial.validation.table import Batch, Fault, numbered

Row = dict[str, Any]  # of plain values: numbers as the text they were
_BROKEN = "is no JSON"


class JsonLinesTable:
    """A file of JSON objects with a contract. The first 256 KiB determine the columns."""

    format = "jsonl"

    def __init__(self, source: Source, contract: Contract) -> None:
        self._source = source
        self._contract = contract
        head = source.head()
        text = without_mark(head)
        self._skip = len(head) - len(text)
        names: dict[str, None] = {}
        for line in (text[: text.rfind(b"\n") + 1] or text).split(b"\n"):
            row = parsed(line)
            names.update(dict.fromkeys(row) if isinstance(row, dict) else {})
        if not names:
            raise UnreadableError("format", "the first lines are no JSON objects")
        self._names = list(names)
        self._number = JsonNumber if any(literal(".", c.format) != "." for c in contract.columns.values()) else str
        self.columns = match([_printable(name) for name in names], contract)

    def batches(self) -> Iterator[Batch]:
        """The rows, block by block, prefetched. An absent key is null; blank lines are skipped."""
        return prefetch(self._batches())

    def _batches(self) -> Iterator[Batch]:
        rows = 0
        skip = self._skip
        for block in csv_text.blocks(self._source.blocks(), self._source.limits, csv_text.last_line_end):
            check_text(block.data, rows + 1)
            data = block.data[skip:]
            skip = 0
            batch = self._plain(data if block.ended else data + b"\n", rows)
            if batch is None:
                lines = [line for line in data.split(b"\n") if line.strip()]
                batch = self._batch(lines, rows, block.ended) if lines else None
            if batch is not None:
                rows += batch.rows.len() + sum(len(fault.rows) for fault in batch.faults)
                yield batch

    def _plain(self, data: bytes, rows: int) -> Batch | None:
        """The rows of a block that is proven plain; they are parsed line by line only to be shown."""
        first = parsed(data[: data.find(b"\n")])
        if isinstance(first, str) or self._strange(first) is not None:
            return None
        columns = {name: self._names[place] for name, place in self.columns.places.items()}
        frame = json_proof.plain(data, list(first), columns, self._contract)
        if frame is None:
            return None
        typed = without_marks(frame, self._contract)
        return Batch(typed, numbered(rows, frame.height), partial(self._text, data))

    def _text(self, data: bytes) -> pl.DataFrame:
        rows = (parsed(line, self._number) for line in data.split(b"\n") if line)
        return self._frame([row for row in rows if isinstance(row, dict)])

    def _batch(self, lines: list[bytes], rows: int, ended: bool) -> Batch:
        good: dict[int, Row] = {}
        bad: dict[int, str] = {}
        for number, line in enumerate(lines, rows + 1):
            row = parsed(line, self._number)
            why = self._strange(row) if isinstance(row, dict) else row
            if isinstance(row, dict) and why is None:
                good[number] = row
            else:
                bad[number] = why or _BROKEN
        last = rows + len(lines)
        if not ended and bad.get(last) == _BROKEN:
            raise UnreadableError("truncated", f"row {last}, the last one, breaks off: the file was cut short", last)
        faults = (Fault("bad-json", tuple(bad), tuple(bad.values())),) if bad else ()
        raw = self._frame(list(good.values()))
        frame = without_marks(raw, self._contract)
        faulty = self._faulty([lines[number - rows - 1] for number in bad])
        return Batch(frame, pl.Series(list(good), dtype=pl.UInt64), lambda: raw, faults, faulty)

    def _strange(self, row: Row) -> str | None:
        """A column that the first lines do not have, if the contract refuses unknown ones."""
        if self._contract.validation.unknown_columns == "ignore":
            return None
        late = [name for name in row if name not in self._contract.columns and name not in self._names]
        return f"has a column '{_printable(late[0])[:100]}' that earlier rows lack" if late else None

    def _frame(self, rows: list[Row]) -> pl.DataFrame:
        keys = {name: self._names[place] for name, place in self.columns.places.items()}
        columns = self._contract.columns
        cells = {name: [cell(row.get(key), columns[name]) for row in rows] for name, key in keys.items()}
        return pl.DataFrame(cells, schema=dict.fromkeys(keys, pl.String()))

    def _faulty(self, lines: list[bytes]) -> pl.DataFrame | None:
        """Malformed rows, kept as text in the first column."""
        if not lines or not self.columns.places:
            return None
        text = [line.decode() for line in lines]
        first = next(iter(self.columns.places))
        return pl.DataFrame({first: text}, schema={first: pl.String()}).select(
            pl.col(first) if name == first else pl.lit(None, pl.String()).alias(name) for name in self.columns.places
        )


def parsed(line: bytes, number: type[str] = str) -> Row | str:
    """The object of a line, or what is wrong with it. `number` makes the value of a number that is no integer."""
    try:
        row = json.loads(line, parse_int=str, parse_float=number, parse_constant=_refused, object_pairs_hook=_once)
    except _StrangeError as error:
        return str(error)
    except (ValueError, RecursionError):
        return _BROKEN
    if not isinstance(row, dict):
        return "is no JSON object"
    if b"\\u" in line.lower() and not _encodable(row):
        return "holds half a surrogate pair"
    nested = next((name for name, value in row.items() if isinstance(value, (dict, list))), None)
    if nested is not None:
        return f"has a nested value in '{_printable(nested)[:100]}'"
    nul = b"\\u0000" in line and any(isinstance(value, str) and "\0" in value for value in row.values())
    return "holds a NUL character" if nul else row


class _StrangeError(Exception):
    """An object has a repeated key, or a constant that JSON does not have."""


def _refused(name: str) -> Any:
    raise _StrangeError(f"holds {name}, which is no JSON; a missing value is null")


def _once(pairs: list[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _StrangeError(f"has '{_printable(twice)[:100]}' twice")
    return row


def cell(value: str | bool | None, column: Column | None = None) -> str | None:
    """A value of `parsed` as the text of a cell of the column; None is null."""
    if isinstance(value, JsonNumber):
        return literal(str(value), None if column is None else column.format)
    if value is None or isinstance(value, str):
        return value
    return "true" if value else "false"


def _encodable(row: Row) -> bool:
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(name: str) -> str:
    return name.encode(errors="replace").decode()
