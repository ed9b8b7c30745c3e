"""Reads Parquet; the sizes in the footer are checked before anything is decompressed."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from perennial.contract.dataset import Contract
from perennial.validation import footer, int96
from perennial.validation.casts import in_calendar, readable, without_marks
from perennial.validation.columns import match
from perennial.validation.source import Source, UnreadableError
from perennial.validation.table import Batch, Columns, Fault, numbered
from perennial.validation.verdict import Problem

_CELL_BYTES = 8


@dataclass(frozen=True, slots=True)
class _Slice:
    """Some row groups of a file: the rows before them, their rows and bytes, and their declared uncompressed bytes."""

    before: int
    rows: int
    size: int
    unpacked: int


class ParquetTable:
    """A Parquet file, or some row groups (first, last) of it, with a contract.

    Raises UnreadableError on construction when its footer is broken or a bomb.
    """

    format = "parquet"

    def __init__(self, source: Source, contract: Contract, row_groups: tuple[int, int] | None = None) -> None:
        self._source = source
        self._contract = contract
        self._slice = _slice(source, row_groups) if row_groups else None
        with source.path.open("rb") as file:
            file.seek(max(source.size - 4, 0))
            if file.read() not in (b"PAR1", b"PARE"):
                raise UnreadableError("truncated", "the Parquet file has no footer: the upload was cut off")
        try:
            self._scratch = tempfile.TemporaryDirectory(prefix="int96-")
            self._path, self._int96 = int96.readable_copy(source.path, Path(self._scratch.name))
            stored = pl.read_parquet_schema(self._path)
            schema = {name: pl.Datetime("us") if name in self._int96 else dtype for name, dtype in stored.items()}
            self._claimed = self._scan().select(pl.len()).collect().item()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, footer.FooterError) as error:
            raise damaged(error) from None
        self._weigh(len(schema))
        columns = match(list(schema), contract)
        unfit = [_unfit(name, list(schema.values())[place], contract) for name, place in columns.places.items()]
        problems = (*columns.problems, *(problem for problem in unfit if problem is not None))
        wrong = {problem.column for problem in unfit if problem is not None}
        places = {name: place for name, place in columns.places.items() if name not in wrong}
        self.columns = Columns(columns.width, places, problems, columns.ignored)
        self._names = list(schema)

    def _weigh(self, width: int) -> None:
        """Checks the declared sizes before decoding: a footer may declare billions of rows in a few bytes."""
        limits = self._source.limits
        claimed = max(self._claimed * max(width, 1) * _CELL_BYTES, self._slice.unpacked if self._slice else 0)
        size = self._slice.size if self._slice else self._source.size
        if claimed > limits.total_bytes:
            raise UnreadableError("too-large", f"{self._claimed:,} rows of {width} columns are more than is allowed")
        if claimed > limits.parquet_free_bytes and claimed > size * limits.parquet_expansion:
            message = f"{size:,} bytes claim {self._claimed:,} rows of {width} columns: a bomb, or no data"
            raise UnreadableError("bomb", message)

    def batches(self) -> Iterator[Batch]:
        """The rows, at most `limits.batch_rows` at once."""
        wanted = [pl.col(self._names[place]) for place in self.columns.places.values()]
        if not wanted:
            return
        limits = self._source.limits
        most = min(limits.batch_rows, max(limits.batch_bytes // len(wanted) // _CELL_BYTES, 1))
        rows = 0
        before = self._slice.before if self._slice else 0
        try:
            for frame in self._scan().select(wanted).collect_batches(chunk_size=most):
                yield self._batch(frame, before + rows)
                rows += frame.height
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            raise damaged(error) from None
        if rows != self._claimed:
            raise UnreadableError("corrupt", f"the footer claims {self._claimed:,} rows, {rows:,} are there")

    def _scan(self) -> pl.LazyFrame:
        """The file's rows, or those of its slice, without reading the bytes of others."""
        rows = pl.scan_parquet(self._path)
        return rows.slice(self._slice.before, self._slice.rows) if self._slice else rows

    def _batch(self, stored: pl.DataFrame, rows: int) -> Batch:
        decoded = int96.decode(stored, self._int96)
        decoded.columns = list(self.columns.places)
        plain = in_calendar(decoded).with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
        plain = plain.with_columns(_text_of(plain[name]) for name, kind in plain.schema.items() if kind == pl.Binary)
        numbers = numbered(rows, plain.height)
        faults: tuple[Fault, ...] = ()
        faulty: pl.DataFrame | None = None
        texts = [name for name, kind in plain.schema.items() if kind == pl.String]
        nul = plain.select(pl.any_horizontal(False, *(pl.col(name).str.contains("\0", literal=True) for name in texts)))
        has_nul = nul.to_series().fill_null(value=False)
        if has_nul.any():
            places = numbers.filter(has_nul).to_list()
            faults = (Fault("nul-byte", tuple(places), ("holds a NUL byte",) * len(places)),)
            faulty = plain.filter(has_nul).select(pl.all().cast(pl.String, strict=False))
            plain, numbers = plain.filter(~has_nul), numbers.filter(~has_nul)
        frame = without_marks(plain, self._contract)
        return Batch(frame, numbers, lambda: plain.select(pl.all().cast(pl.String, strict=False)), faults, faulty)


def _text_of(values: pl.Series) -> pl.Series:
    """The UTF-8 text of bytes. Raises UnreadableError for bytes that are not UTF-8."""
    text = values.cast(pl.String, strict=False)
    if text.null_count() > values.null_count():
        raise UnreadableError("encoding", f"column '{values.name}' is stored as bytes, and some are no UTF-8")
    return text


def _slice(source: Source, row_groups: tuple[int, int]) -> _Slice:
    """The position of a slice. The file may be sparse, with only those row groups and the footer."""
    first, last = row_groups
    try:
        found = footer.read(source.path)
    except footer.FooterError as error:
        raise UnreadableError("corrupt", f"the Parquet file is damaged ({error})") from None
    if not 0 <= first <= last < len(found.groups):
        raise UnreadableError("corrupt", f"the Parquet file has no row groups {first} to {last}")
    groups = found.groups[first : last + 1]
    rows, size, unpacked = (sum(getattr(group, of) for group in groups) for of in ("rows", "size", "unpacked"))
    return _Slice(found.rows_before(first), rows, size, unpacked)


def _unfit(name: str, dtype: pl.DataType, contract: Contract) -> Problem | None:
    column = contract.columns[name]
    if readable(dtype, column):
        return None
    message = f"column '{name}' is stored as {dtype}, which holds no values of type {column.type}"
    return Problem("column-type", message, name)


def damaged(error: BaseException) -> UnreadableError:
    """The error that describes a file that Polars cannot read."""
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UnreadableError("corrupt", f"the Parquet file is damaged ({first.removeprefix('parquet: ')[:200]})")
