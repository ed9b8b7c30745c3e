"""JSON lines: one object a row. Numbers keep their digits, and nothing that JSON forbids passes as something else."""

import json
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import polars as pl

from perennial.validation import csv_text
from perennial.validation.columns import match
from perennial.validation.contract import Contract
from perennial.validation.source import Source, UnreadableError, check_text, without_mark
from perennial.validation.table import Batch, Columns, Fault

Row = dict[str, Any]


class JsonLinesTable:
    """A file of JSON objects against a contract. The first block of lines tells which columns there are."""

    format = "jsonl"

    def __init__(self, source: Source, contract: Contract) -> None:
        self._source = source
        self._contract = contract
        self._known: set[str] = set()
        self.columns = self._header(without_mark(source.head()))

    def _header(self, head: bytes) -> Columns:
        lines = head[: head.rfind(b"\n") + 1] or head
        names: dict[str, None] = {}
        for line in lines.splitlines():
            row = _parse(line)
            if isinstance(row, dict):
                names.update(dict.fromkeys(row))
        if not names:
            raise UnreadableError("format", "the first lines are no JSON objects")
        self._known = set(names)
        return match([_text(name) for name in names], self._contract)

    def batches(self) -> Iterator[Batch]:
        """The rows, block by block. A key that is absent is a null. Blank lines are no rows."""
        rows, skip = 0, len(self._source.head()) - len(without_mark(self._source.head()))
        for block in csv_text.lines(self._source.blocks(), self._source.limits):
            check_text(block.data, rows + 1)
            lines = [line for line in block.data[skip:].split(b"\n") if line.strip()]
            skip = 0
            if lines:
                yield self._batch(lines, rows, block.ended)
            rows += len(lines)

    def _batch(self, lines: list[bytes], rows: int, ended: bool) -> Batch:
        good: list[Row] = []
        numbers: list[int] = []
        bad: dict[int, str] = {}
        for number, line in enumerate(lines, rows + 1):
            row = _parse(line)
            why = row if isinstance(row, str) else self._strange(row)
            if why is None:
                good.append(row)  # type: ignore[arg-type]
                numbers.append(number)
                continue
            if not ended and number == rows + len(lines) and why == _BROKEN:
                message = f"row {number}, the last one, breaks off: the file was cut short"
                raise UnreadableError("truncated", message, number)
            bad[number] = why
        faults = (Fault("bad-json", tuple(bad), tuple(bad.values())),) if bad else ()
        frame = self._frame(good)
        marks = list(self._contract.null_marks)
        resolved = frame.with_columns(pl.when(pl.all().is_in(marks)).then(None).otherwise(pl.all()).name.keep())
        faulty = self._faulty([lines[number - rows - 1] for number in bad])
        return Batch(resolved, pl.Series(numbers, dtype=pl.UInt64), partial(_same, frame), faults, faulty)

    def _strange(self, row: Row) -> str | None:
        """Columns that the first lines did not have, when the contract refuses unknown ones."""
        if self._contract.unknown_columns == "ignore" or self._known.issuperset(row):
            return None
        new = next(name for name in row if name not in self._known)
        return None if new in self._contract.columns else f"has a column '{_text(new)[:100]}' that earlier rows lack"

    def _frame(self, rows: list[Row]) -> pl.DataFrame:
        names = {name: name for name in self._contract.columns if name in self.columns.places}
        known = list(self._known_in_order)
        for name, place in self.columns.places.items():
            names[name] = known[place]
        values = {name: [_cell(row.get(key)) for row in rows] for name, key in names.items()}
        return pl.DataFrame(values, schema=dict.fromkeys(names, pl.String()))

    def _faulty(self, lines: list[bytes]) -> pl.DataFrame | None:
        if not lines:
            return None
        first = next(iter(self.columns.places), None)
        text = [line.decode(errors="replace") for line in lines]
        values = {name: text if name == first else [None] * len(text) for name in self.columns.places}
        return pl.DataFrame(values, schema=dict.fromkeys(self.columns.places, pl.String()))
