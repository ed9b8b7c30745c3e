"""Parquet read with its footer's claims weighed before anything is unpacked."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from perennial.contract.dataset import Contract
from perennial.validation import footer
from perennial.validation.casts import readable, without_marks
from perennial.validation.columns import match
from perennial.validation.source import Source, UnreadableError
from perennial.validation.table import Batch, Columns, numbered
from perennial.validation.verdict import Problem

_CELL_BYTES = 8


@dataclass(frozen=True, slots=True)
class _Slice:
    """Some row groups of a file: the rows before them, their rows and bytes, and the bytes they claim to become."""

    before: int
    rows: int
    size: int
    unpacked: int


class ParquetTable:
    """A Parquet file, or some row groups (first, last) of it, against a contract.

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
            schema = pl.read_parquet_schema(source.path)
            self._claimed = self._scan().select(pl.len()).collect().item()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            raise _damaged(error) from None
        self._weigh(len(schema))
        columns = match(list(schema), contract)
        unfit = [_unfit(name, list(schema.values())[place], contract) for name, place in columns.places.items()]
        problems = (*columns.problems, *(problem for problem in unfit if problem is not None))
        wrong = {problem.column for problem in unfit if problem is not None}
        places = {name: place for name, place in columns.places.items() if name not in wrong}
        self.columns = Columns(columns.width, places, problems, columns.ignored)
        self._names = list(schema)

    def _weigh(self, width: int) -> None:
        """A footer may claim billions of rows in a few bytes: what it claims is bounded before it is decoded."""
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
        wanted = [pl.col(self._names[place]).alias(name) for name, place in self.columns.places.items()]
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
            raise _damaged(error) from None
        if rows != self._claimed:
            raise UnreadableError("corrupt", f"the footer claims {self._claimed:,} rows, {rows:,} are there")

    def _scan(self) -> pl.LazyFrame:
        """The file's rows, or those of its slice, without a look at the bytes of others."""
        rows = pl.scan_parquet(self._source.path)
        return rows.slice(self._slice.before, self._slice.rows) if self._slice else rows

    def _batch(self, stored: pl.DataFrame, rows: int) -> Batch:
        plain = stored.with_columns(pl.col(pl.Categorical, pl.Enum, pl.Binary).cast(pl.String, strict=False))
        frame = without_marks(plain, self._contract)
        return Batch(frame, numbered(rows, frame.height), lambda: plain.select(pl.all().cast(pl.String, strict=False)))


def _slice(source: Source, row_groups: tuple[int, int]) -> _Slice:
    """Where a slice lies. The file may be a sparse one, which holds nothing but those row groups and the footer."""
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


def _damaged(error: BaseException) -> UnreadableError:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UnreadableError("corrupt", f"the Parquet file is damaged ({first.removeprefix('parquet: ')[:200]})")
