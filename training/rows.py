"""The rows of a window: typed Parquet parts in, one typed frame out, in an order that the files do not decide."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from perennial import heldout
from training.columns import Column
from training.failure import TrainingError
from training.plan import Plan
from training.tables import ARROW_TYPES, to_pandas

_FEWEST_TRAINED_ON = 50
_FEWEST_HELD_OUT = 10


class Split:
    """The rows to learn from and the rows to be judged by."""

    def __init__(self, rows: pd.DataFrame, hashes: NDArray[np.uint64], held_out: NDArray[np.bool_]) -> None:
        self.train = rows[~held_out].reset_index(drop=True)
        self.held_out = rows[held_out].reset_index(drop=True)
        self.train_hashes, self.held_out_hashes = hashes[~held_out], hashes[held_out]


def read(folder: Path, plan: Plan) -> pd.DataFrame:
    """Every Parquet part below a folder. Of rows with one key the newest dataset's stays: an upload corrects another.

    Raises TrainingError for parts that do not hold the declared columns.
    """
    columns, ages = plan.columns, {name: age for age, name in enumerate(plan.origin.get("datasets", ()))}
    parts = sorted(folder.rglob("*.parquet"), key=lambda path: (max(ages.get(name, -1) for name in path.parts), path))
    if not parts:
        raise TrainingError("The data channel holds no Parquet part: no dataset of the window has accepted rows.")
    rows = to_pandas(pa.concat_tables([_part(path, folder, columns) for path in parts]))
    return rows.drop_duplicates(list(plan.key), keep="last") if plan.key else rows


def split(rows: pd.DataFrame, plan: Plan) -> Split:
    """Rows with a target, divided by the hash of their key.

    They are ordered by that hash, so that a model does not depend on how its rows came in files. Raises
    TrainingError where one side is too small.
    """
    rows = rows[rows[plan.target].notna()]
    hashes = heldout.row_hashes(rows, plan.key)
    order = np.argsort(hashes, kind="stable")
    rows, hashes = rows.iloc[order], hashes[order]
    divided = Split(rows, hashes, heldout.is_held_out(hashes, plan.held_out))
    trained_on, judged_by = len(divided.train), len(divided.held_out)
    if trained_on < _FEWEST_TRAINED_ON or judged_by < _FEWEST_HELD_OUT:
        raise TrainingError(
            f"Too few rows: of {len(rows)} with a value of '{plan.target}', {trained_on} are for training and "
            f"{judged_by} are held out; at least {_FEWEST_TRAINED_ON} and {_FEWEST_HELD_OUT} are needed. Upload "
            "more rows" + (", or check that the key differs from row to row." if plan.key else ".")
        )
    return divided


def _part(path: Path, folder: Path, columns: Sequence[Column]) -> pa.Table:
    where = path.relative_to(folder).as_posix()
    try:
        # ParquetFile, because a dataset would read columns out of folder names such as year=2013.
        table = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise TrainingError(f"The part {where} is no readable Parquet file: {error}") from error
    arrays = [_array(table, column, where) for column in columns]
    return pa.table(arrays, names=[column.name for column in columns])


def _array(table: pa.Table, column: Column, where: str) -> pa.ChunkedArray:
    declared = ARROW_TYPES[column.type]
    if column.name not in table.column_names:
        if not column.nullable:
            raise TrainingError(
                f"The part {where} has no column '{column.name}', and it is not nullable: it was accepted under an "
                "older specification. Make the column nullable, or shorten training.window."
            )
        return pa.chunked_array([pa.nulls(table.num_rows, declared)])
    found = table.column(column.name)
    try:
        return found.cast(declared)
    except pa.ArrowException as error:
        raise TrainingError(
            f"Column '{column.name}' of the part {where} is {found.type} and cannot be read as {column.type}: {error}"
        ) from error
