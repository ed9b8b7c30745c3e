"""CSV read strictly: every record has as many values as the header, and no value is repaired in silence.

Polars parses whole blocks straight into the contract's types; only a block that has something wrong in it is parsed
again as text, so that clean data costs one parse and broken data can be named value by value.
"""

import csv
from collections.abc import Iterator
from functools import partial

import polars as pl

from perennial.validation import csv_text
from perennial.validation.casts import without_marks
from perennial.validation.columns import check_header, match
from perennial.validation.contract import Contract
from perennial.validation.csv_text import Block, Marked
from perennial.validation.source import HEAD, Source, UnreadableError, check_text, without_mark
from perennial.validation.table import Batch, Columns, Fault, numbered

_PARSED = ("integer", "number")
_END = "end"


class DelimitedTable:
    """A CSV file against a contract. Raises UnreadableError on construction when its header is none."""

    format = "csv"

    def __init__(self, source: Source, contract: Contract) -> None:
        self._source = source
        self._contract = contract
        head = source.head()
        text = without_mark(head)
        if b"\n" not in text and b"\r" in text:
            raise UnreadableError("line-ends", "lines end in carriage returns alone; line feeds are expected")
        end = csv_text.first_record_end(text) or (0 if len(head) >= HEAD else len(text))
        if end == 0:
            raise UnreadableError("long-line", f"the first line does not end within {HEAD:,} bytes")
        self._skip = len(head) - len(text) + end
        self.columns = self._header(text[:end])

    def _header(self, record: bytes) -> Columns:
        check_text(record, 0)
        line = record.decode().strip("\r\n")
        if "\0" in line:
            raise UnreadableError("nul-byte", "the header holds NUL bytes")
        try:
            names = next(csv.reader([line], strict=True), [""])
        except csv.Error as error:
            raise UnreadableError("header", f"the header is broken: {error}") from None
        check_header(names, line, self._contract)
        return match(names, self._contract)

    def batches(self) -> Iterator[Batch]:
        """The rows, block by block. Raises UnreadableError where the text stops being CSV."""
        rows = 0
        blank = b""  # lines at the end of a block, which are rows only if something follows
        blocks = csv_text.blocks(self._body(), self._source.limits)
        while (block := _next(blocks, rows)) is not None:
            data = blank + block.data
            kept = data.rstrip(b"\r\n")
            blank = b"" if not block.ended else data[len(kept) :].removeprefix(b"\r").removeprefix(b"\n")
            data = data[: len(data) - len(blank)]
            if not kept:
                blank = data + blank
                continue
            check_text(data, rows + 1)
            marked = csv_text.mark(Block(data, block.ended), rows + 1)
            yield self._batch(marked, rows, whole=block.ended)
            rows += marked.rows

    def _body(self) -> Iterator[bytes]:
        skip = self._skip
        for chunk in self._source.blocks():
            yield chunk[skip:]
            skip = max(skip - len(chunk), 0)

    def _batch(self, marked: Marked, rows: int, whole: bool) -> Batch:
        raw = partial(self._parse, marked, text=True)
        numbers = numbered(rows, marked.rows)
        sound = "\0" not in marked.data.decode() if b"\0" in marked.data else True
        frame = self._typed(marked) if sound else None
        if frame is not None:
            named = self._named(frame)
            if self._contract.common_marks != self._contract.null_marks:
                named = without_marks(named, self._contract)
            return Batch(named, numbers, lambda: self._named(raw()))
        return self._broken(raw(), marked.mark, numbers, whole)

    def _typed(self, marked: Marked) -> pl.DataFrame | None:
        """The block in the contract's types, or None where Polars, or the marks, find anything amiss."""
        if "" not in self._contract.common_marks:
            return None
        try:
            frame = self._parse(marked, text=False)
        except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
            return None
        ends = frame[_END]
        sound = frame.height == marked.rows and ends.null_count() == 0 and (ends == marked.mark).all()
        return frame if sound else None

    def _broken(self, text: pl.DataFrame, mark: str, numbers: pl.Series, whole: bool) -> Batch:
        """Takes out the rows that are none and gives the others as text."""
        if text.height != numbers.len():
            raise UnreadableError("corrupt", f"the rows after row {numbers[0] - 1} cannot be told apart")
        values = [name for name in text.columns if name != _END]
        kind = text.select(
            pl.when(pl.any_horizontal(pl.col(name) == mark for name in values)).then(pl.lit("short-row"))
            .when(pl.col(_END) != mark).then(pl.lit("long-row"))
            .when(pl.any_horizontal(pl.col(name).str.contains("\0", literal=True) for name in values))
            .then(pl.lit("nul-byte")).alias("kind")
        )["kind"]  # fmt: skip
        good, faulty = text.filter(kind.is_null()), text.filter(kind.is_not_null())
        if not whole and kind[-1] == "short-row":
            row = int(numbers[-1])
            raise UnreadableError("truncated", f"row {row}, the last one, breaks off: the file was cut short", row)
        faults = tuple(
            self._fault(code, kind, text, mark, numbers) for code in kind.drop_nulls().unique(maintain_order=True)
        )
        faulty = self._named(faulty).with_columns(pl.all().replace(mark, None))
        good = self._named(good)
        frame = without_marks(good, self._contract)
        rows = numbers.filter(kind.is_null())
        return Batch(frame, rows, lambda: good, faults, faulty if faulty.height else None)

    def _fault(self, code: str, kind: pl.Series, text: pl.DataFrame, mark: str, numbers: pl.Series) -> Fault:
        has = kind == code
        rows = numbers.filter(has)
        width = self.columns.width
        details = ["holds a NUL byte" if code == "nul-byte" else f"has more than {width} values"]
        if code == "short-row":
            few = text.filter(has).head(self._contract.limits.examples)
            details = [_shortness(values, mark, width) for values in few.iter_rows()]
        return Fault(code, tuple(rows.to_list()), tuple(details))

    def _parse(self, marked: Marked, text: bool) -> pl.DataFrame:
        """All columns of the file by place, and the mark's. Text is the cells as they are, quotes undone."""
        types: dict[str, pl.DataType] = {str(place): pl.String() for place in range(self.columns.width)}
        if not text:
            for name, place in self.columns.places.items():
                column = self._contract.columns[name]
                direct = column.type in _PARSED and not self._contract.cleans(name)
                types[str(place)] = column.dtype if direct else pl.String()
        return pl.read_csv(
            marked.data,
            has_header=False,
            schema={**types, _END: pl.String()},
            null_values=None if text else list(self._contract.common_marks),
            empty_string_is_null=not text,
            truncate_ragged_lines=True,
            missing_columns="insert",
            extra_columns="ignore",
            quote_char='"' if b'"' in marked.data else None,
        )

    def _named(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(pl.col(str(place)).alias(name) for name, place in self.columns.places.items())


def _shortness(values: tuple[str | None, ...], mark: str, width: int) -> str:
    count = values.index(mark)
    return "is blank" if count == 1 and not values[0] else f"has {count} of {width} values"


def _next(blocks: Iterator[Block], rows: int) -> Block | None:
    """The next block; what stops the cutting is told with the row it happened at."""
    try:
        return next(blocks, None)
    except UnreadableError as error:
        if error.problem.row is None and error.problem.code in ("unclosed-quote", "long-line"):
            message = f"row {rows + 1}: {error.problem.message}"
            raise UnreadableError(error.problem.code, message, rows + 1) from None
        raise
