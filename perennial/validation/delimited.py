"""CSV read strictly: every record has as many values as the header, and no value is repaired silently.

Polars parses blocks straight into the contract's types wherever it is proven that no row is short or long; any other
block is parsed with marks at its records' ends, so that plain data costs one parse and broken data is named row by row.
"""

import csv
from collections.abc import Iterator
from functools import partial

import polars as pl

from perennial.contract.dataset import Contract
from perennial.validation import csv_proof, csv_text
from perennial.validation.casts import without_marks
from perennial.validation.columns import check_header, match
from perennial.validation.csv_parse import END, Parser
from perennial.validation.csv_text import Block
from perennial.validation.prefetch import prefetch
from perennial.validation.source import HEAD, Source, UnreadableError, check_text, without_mark
from perennial.validation.table import Batch, Columns, Fault, numbered


class DelimitedTable:
    """A CSV file with a contract. Raises UnreadableError on construction without a valid header."""

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
        self._parser = Parser(self.columns, contract)

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
        """The rows, block by block, prefetched. Raises UnreadableError where the text is not CSV."""
        return prefetch(self._batches())

    def _batches(self) -> Iterator[Batch]:
        rows = 0
        initial = b""  # lines at the end of a block, which are rows only if something follows
        blocks = csv_text.blocks(self._body(), self._source.limits)
        while (block := _next(blocks, rows)) is not None:
            data = initial + block.data
            kept = _filled(data)
            initial = b"" if not block.ended else data[kept:].removeprefix(b"\r").removeprefix(b"\n")
            data = data[: len(data) - len(initial)]
            if not kept:
                initial = data + initial
                continue
            check_text(data, rows + 1)
            batch = self._batch(Block(data, block.ended), rows)
            del data, block
            rows += batch.rows.len() + batch.faulty_rows
            yield batch

    def _body(self) -> Iterator[bytes]:
        skip = self._skip
        blocks = self._source.blocks()
        for chunk in prefetch(blocks) if self._source.compressed else blocks:  # unpacked while others are parsed
            yield chunk[skip:]
            skip = max(skip - len(chunk), 0)

    def _batch(self, block: Block, rows: int) -> Batch:
        """Parses a block as it is if it is proven plain; marks the records of any other."""
        plain = csv_proof.plain(block, self.columns.width)
        frame = self._parser.typed(plain) if plain is not None else None
        if plain is not None and frame is not None:
            return Batch(frame, numbered(rows, frame.height), partial(self._parser.named_text, plain))
        marked = csv_text.mark(block, rows + 1)
        numbers = numbered(rows, marked.rows)
        frame = self._parser.typed(marked) if plain is None and b"\0" not in marked.data else None
        if frame is not None:
            return Batch(frame, numbers, partial(self._parser.named_text, marked))
        return self._broken(self._parser.text(marked), marked.mark, numbers, block.ended)

    def _broken(self, text: pl.DataFrame, mark: str, numbers: pl.Series, whole: bool) -> Batch:
        """Removes the malformed rows and returns the others as text."""
        if text.height != numbers.len():
            raise UnreadableError("corrupt", f"the rows after row {numbers[0] - 1} cannot be told apart")
        values = [name for name in text.columns if name != END]
        kind = text.select(
            pl.when(pl.any_horizontal(pl.col(name) == mark for name in values)).then(pl.lit("short-row"))
            .when(pl.col(END) != mark).then(pl.lit("long-row"))
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

    def _named(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(pl.col(str(place)).alias(name) for name, place in self.columns.places.items())


def _filled(data: bytes) -> int:
    """The length without line ends at the end."""
    if data[-3:].strip(b"\r\n"):
        return len(data) - 3 + len(data[-3:].rstrip(b"\r\n")) if len(data) > 3 else len(data.rstrip(b"\r\n"))
    return len(data.rstrip(b"\r\n"))


def _shortness(values: tuple[str | None, ...], mark: str, width: int) -> str:
    count = values.index(mark)
    return "is blank" if count == 1 and not values[0] else f"has {count} of {width} values"


def _next(blocks: Iterator[Block], rows: int) -> Block | None:
    """The next block; an error names the row."""
    try:
        return next(blocks, None)
    except UnreadableError as error:
        if error.problem.row is None and error.problem.code in ("unclosed-quote", "long-line"):
            message = f"row {rows + 1}: {error.problem.message}"
            raise UnreadableError(error.problem.code, message, rows + 1) from None
        raise
