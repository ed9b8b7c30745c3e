"""The rows of a training window: typed Parquet parts in, one typed frame out, equal rows of several datasets once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from perennial import heldout
from perennial.contract.columns import Column
from perennial.contract.plan import Plan
from training import digests, memory
from training.job import DataError, TrainingError
from training.relabelled import Relabelled, relabelled
from training.tables import ARROW_TYPES, to_pandas


@dataclass(frozen=True)
class Repeats:
    """Rows that several datasets of the window hold.

    Args:
        read: the rows with a target, of all datasets.
        repeated: those that are left out, because another dataset holds an equal row or a newer one with the key.
        of_newest: the rows of the newest dataset with a target.
        known: those that an older dataset holds too, equal in every column; 0 for data with a key.
    """

    read: int
    repeated: int
    of_newest: int
    known: int


@dataclass(frozen=True)
class Window:
    """The rows of all datasets, and the place of each row's dataset among those of the plan, (n,).

    `newest` is the place of the newest dataset; rows of a part that names no dataset have -1.
    """

    rows: pd.DataFrame
    places: NDArray[np.int64]
    newest: int

    def where(self, chosen: NDArray[Any]) -> Window:
        """Some of the rows: a mask (n,), or their indices in another order."""
        return Window(self.rows.iloc[chosen], self.places[chosen], self.newest)


@dataclass(frozen=True)
class Different:
    """The rows that count, the mask (n,) of those whose key or content an older dataset holds too, and counts."""

    window: Window
    known: NDArray[np.bool_]
    repeats: Repeats
    relabelled: Relabelled


class _ColumnError(Exception):
    """A part lacks a column, or has it in another type."""


def read(folder: Path, plan: Plan) -> Window:
    """Reads every Parquet part below a folder.

    A part belongs to the dataset that names its folder; to the newest if there is only one. Raises DataError for
    parts without the declared columns and for those with other bytes than validation accepted, TrainingError for parts
    that are no Parquet files, and for more rows than the memory holds.
    """
    ages = {name: age for age, name in enumerate(plan.origin.datasets)}
    parts = sorted((_age(path, ages), path) for path in folder.rglob("*.parquet"))
    if not parts:
        raise TrainingError("The data channel holds no Parquet part: no dataset of the window has accepted rows.")
    memory.check((path for _, path in parts), len(plan.columns))
    tables, faults = [], dict[int, str]()
    changed = digests.changed(parts, plan)
    if changed:
        raise DataError(list(changed), "; ".join(dict.fromkeys(changed.values())))
    for age, path in parts:
        try:
            tables.append(_part(path, folder, plan.columns))
        except _ColumnError as error:
            faults.setdefault(age, str(error))
    if faults:
        raise DataError([plan.origin.datasets[age] for age in faults if age >= 0], next(iter(faults.values())))
    newest = ages.get(plan.origin.newest, len(ages) - 1)
    places = np.repeat([age for age, _ in parts], [table.num_rows for table in tables])
    return Window(to_pandas(pa.concat_tables(tables)), places, newest)


def different_rows(window: Window, plan: Plan) -> Different:
    """The rows to train and judge on, and the numbers of those that are left out."""
    rows, ages = window.rows, window.places
    labelled = rows[plan.target].notna().to_numpy()
    counted, known = labelled, np.zeros(len(rows), dtype=bool)
    if plan.key:  # among all rows: a newer row may have lost its target
        counted = labelled & ~rows.duplicated(list(plan.key), keep="last").to_numpy()
        seen_before = rows.duplicated(list(plan.key), keep="first").to_numpy()
    elif (ages != ages[0]).any():
        once, known = _counted_once(heldout.row_hashes(rows, ()), ages, window.newest)
        counted = labelled & once
    if not plan.key:
        seen_before = known
    read, of_newest = int(labelled.sum()), int((labelled & (ages == window.newest)).sum())
    repeats = Repeats(read, read - int(counted.sum()), of_newest, int((labelled & known).sum()))
    return Different(window.where(counted), seen_before[counted], repeats, relabelled(window, plan))


def _counted_once(
    hashes: NDArray[np.uint64], ages: NDArray[np.int64], newest: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Two boolean arrays (n,): the rows that count; rows of the newest dataset that an older one holds too.

    Of equal rows those of the dataset with the most of them count; of the newest among such datasets.
    """
    order = np.lexsort((ages, hashes))
    ordered, by_age = hashes[order], ages[order]
    starts = np.flatnonzero(np.r_[True, (ordered[1:] != ordered[:-1]) | (by_age[1:] != by_age[:-1])])
    counts = np.diff(np.r_[starts, len(ordered)])
    group_hash, group_age = ordered[starts], by_age[starts]
    best = np.lexsort((group_age, counts, group_hash))  # the last of each hash: the most rows, then the newest
    is_last = np.r_[group_hash[best][1:] != group_hash[best][:-1], True]
    chosen = np.zeros(len(starts), dtype=bool)
    chosen[best[is_last]] = True
    first_of_hash = np.r_[True, group_hash[1:] != group_hash[:-1]]
    known = (group_age == newest) & ~first_of_hash  # groups of one hash are sorted by age
    found = np.empty((2, len(ordered)), dtype=bool)
    found[:, order] = np.repeat([chosen, known], counts, axis=1)
    return found[0], found[1]


def _age(path: Path, ages: Mapping[str, int]) -> int:
    """The index of a part's dataset among those of the plan, oldest first; -1 if no folder names one."""
    if len(ages) == 1:
        return 0
    return max(ages.get(name, -1) for name in path.parts)


def _part(path: Path, folder: Path, columns: Mapping[str, Column]) -> pa.Table:
    where = path.relative_to(folder).as_posix()
    try:
        # ParquetFile, because a dataset would read columns out of folder names such as year=2013.
        table = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise TrainingError(f"The part {where} is no readable Parquet file: {error}") from error
    arrays = [_array(table, name, column, where) for name, column in columns.items()]
    return pa.table(arrays, names=list(columns))


def _array(table: pa.Table, name: str, column: Column, where: str) -> pa.ChunkedArray:
    declared = ARROW_TYPES[column.type]
    if name not in table.column_names:
        if not column.nullable:
            raise _ColumnError(
                f"The part {where} has no column '{name}', and it is not nullable: it was accepted under an "
                "older specification. Make the column nullable, or shorten training.window."
            )
        return pa.chunked_array([pa.nulls(table.num_rows, declared)])
    found = table.column(name)
    try:
        return found.cast(declared)
    except pa.ArrowException as error:
        raise _ColumnError(
            f"Column '{name}' of the part {where} is {found.type} and cannot be read as {column.type}: {error}"
        ) from error
