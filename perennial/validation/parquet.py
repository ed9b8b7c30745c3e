"""Parquet read with its footer's claims weighed before anything is unpacked."""

from collections.abc import Iterator

import polars as pl

from perennial.validation.casts import readable, without_marks
from perennial.validation.columns import match
from perennial.validation.contract import Contract
from perennial.validation.source import Source, UnreadableError
from perennial.validation.table import Batch, Columns, numbered
from perennial.validation.verdict import Problem

_CELL_BYTES = 8


class ParquetTable:
    """A Parquet file against a contract. Raises UnreadableError on construction when its footer is broken or a bomb."""

    format = "parquet"

    def __init__(self, source: Source, contract: Contract) -> None:
        self._source = source
        self._contract = contract
        with source.path.open("rb") as file:
            file.seek(max(source.size - 4, 0))
            if file.read() not in (b"PAR1", b"PARE"):
                raise UnreadableError("truncated", "the Parquet file has no footer: the upload was cut off")
        try:
            schema = pl.read_parquet_schema(source.path)
            self._claimed = pl.scan_parquet(source.path).select(pl.len()).collect().item()
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
        claimed = self._claimed * max(width, 1) * _CELL_BYTES
        if claimed > limits.total_bytes:
            raise UnreadableError("too-large", f"{self._claimed:,} rows of {width} columns are more than is allowed")
        if claimed > limits.parquet_free_bytes and claimed > self._source.size * limits.parquet_expansion:
            message = f"{self._source.size:,} bytes claim {self._claimed:,} rows of {width} columns: a bomb, or no data"
            raise UnreadableError("bomb", message)

    def batches(self) -> Iterator[Batch]:
        """The rows, at most `limits.batch_rows` at once."""
        wanted = [pl.col(self._names[place]).alias(name) for name, place in self.columns.places.items()]
        if not wanted:
            return
        limits = self._source.limits
        most = min(limits.batch_rows, max(limits.batch_bytes // len(wanted) // _CELL_BYTES, 1))
        rows = 0
        try:
            for frame in pl.scan_parquet(self._source.path).select(wanted).collect_batches(chunk_size=most):
                yield self._batch(frame, rows)
                rows += frame.height
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            raise _damaged(error) from None
        if rows != self._claimed:
            raise UnreadableError("corrupt", f"the footer claims {self._claimed:,} rows, {rows:,} are there")

    def _batch(self, stored: pl.DataFrame, rows: int) -> Batch:
        plain = stored.with_columns(pl.col(pl.Categorical, pl.Enum, pl.Binary).cast(pl.String, strict=False))
        frame = without_marks(plain, self._contract)
        return Batch(frame, numbered(rows, frame.height), lambda: plain.select(pl.all().cast(pl.String, strict=False)))


def _unfit(name: str, dtype: pl.DataType, contract: Contract) -> Problem | None:
    column = contract.columns[name]
    if readable(dtype, column):
        return None
    message = f"column '{name}' is stored as {dtype}, which holds no values of type {column.type}"
    return Problem("column-type", message, name)


def _damaged(error: BaseException) -> UnreadableError:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UnreadableError("corrupt", f"the Parquet file is damaged ({first.removeprefix('parquet: ')[:200]})")
