"""A typed sample of a file, for the first grid or a drafted contract."""

from pathlib import Path

import polars as pl

from perennial.contract.dataset import Contract
from perennial.dtypes import DTYPES, dtypes
from perennial.validation.casts import cast
from perennial.validation.inspection import RowGroups, open_table
from perennial.validation.source import Source, UnreadableError

_BYTES = 64 << 20


def sample(path: Path, contract: Contract, rows: int, row_groups: RowGroups | None = None) -> pl.DataFrame:
    """Up to `rows` rows, spread evenly over the first 64 MB or so of a file, in the contract's columns and types.

    Values and columns that do not fit are null; an unreadable file gives no rows. Bad data never raises. Of a Parquet
    file only `row_groups` (first, last) may be read.
    """
    schema = dtypes(contract)
    frames = [pl.DataFrame(schema=schema), *_frames(path, contract, row_groups)]
    read = pl.concat(frames)
    return read.gather_every(max(read.height // max(rows, 1), 1)).head(rows)


def _frames(path: Path, contract: Contract, row_groups: RowGroups | None) -> list[pl.DataFrame]:
    frames: list[pl.DataFrame] = []
    size = 0
    try:
        for batch in open_table(Source(path, contract.limits), contract, path.name, row_groups).batches():
            frames.append(_typed(batch.frame, contract))
            size += int(frames[-1].estimated_size())
            if size >= _BYTES:
                break
    except UnreadableError:
        pass
    return frames


def _typed(frame: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    columns = {}  # by name: from a list, Polars would give a nameless column a name of its own
    known = set(frame.columns)
    for name, column in contract.columns.items():
        if name in known:
            columns[name] = cast(frame[name], column)
        else:
            columns[name] = pl.Series(name, [None] * frame.height, dtype=DTYPES[column.type])
    return pl.DataFrame(columns)
