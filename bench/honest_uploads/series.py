"""Honest uploads of a table: increments, a growing export, and both with late corrections of 1% of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl

from perennial.contract.columns import Column
from perennial.contract.model import ModelSpec

COUNT = 8  # uploads of a series
CORRECTED = 0.01  # of the rows so far: labels, and again as many values
ROW = "row_of_the_table"
Series = Callable[[ModelSpec, pl.DataFrame], list[pl.DataFrame]]


def increments(_: ModelSpec, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Consecutive parts of the table, in the order of its rows."""
    return [rows[start:end] for start, end in _bounds(rows)]


def exports(_: ModelSpec, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """The table so far, each time with a further part."""
    return [rows[:end] for _, end in _bounds(rows)]


def corrected_increments(spec: ModelSpec, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Each part with the corrected rows of earlier ones: an upload has no unchanged row that was uploaded before."""
    draw, found, so_far = np.random.default_rng(7), [], rows[:0]
    for start, end in _bounds(rows):
        changed = corrected(so_far, spec, draw)
        found.append(pl.concat([changed, rows[start:end]]))
        so_far = pl.concat([so_far, found[-1]]).unique(spec.key, keep="last", maintain_order=True)
    return found


def corrected_exports(spec: ModelSpec, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """The table so far, of which some rows were corrected since the export before."""
    draw, so_far, found = np.random.default_rng(7), rows[:0], []
    for start, end in _bounds(rows):
        changed = corrected(so_far, spec, draw)
        so_far = pl.concat([so_far, changed, rows[start:end]]).unique(spec.key, keep="last", maintain_order=True)
        found.append(so_far)
    return found


SERIES: Mapping[str, Series] = {
    "increments": increments,
    "exports": exports,
    "corrected increments": corrected_increments,
    "corrected exports": corrected_exports,
}


def corrected(rows: pl.DataFrame, spec: ModelSpec, draw: np.random.Generator) -> pl.DataFrame:
    """1% of the rows with another row's label, and 1% with another row's value in one feature."""
    count = round(CORRECTED * len(rows))
    places = draw.choice(len(rows), 2 * count, replace=False)
    relabelled, changed = rows[places[:count]], rows[places[count:]]
    feature = str(draw.choice(spec.features()))
    return pl.concat([_exchanged(relabelled, rows, spec.target, draw), _exchanged(changed, rows, feature, draw)])


def _exchanged(some: pl.DataFrame, rows: pl.DataFrame, column: str, draw: np.random.Generator) -> pl.DataFrame:
    return some.with_columns(rows[column].gather(draw.integers(max(1, len(rows)), size=len(some))))


def prepared(spec: ModelSpec, rows: pl.DataFrame, name: str) -> tuple[ModelSpec, pl.DataFrame]:
    """The spec of a series, with a small estimator; corrections need a key: the row's number where the draft has none.

    An export is trained on alone.
    """
    training = replace(spec.training, parameters={"max_iter": 20})
    if name.endswith("exports"):
        training = replace(training, window=1)
    spec = replace(spec, training=training, gate=replace(spec.gate, resamples=200))
    if not name.startswith("corrected") or spec.key:
        return spec, rows
    numbered = rows.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW))
    columns = {**spec.columns, ROW: Column("integer", feature=False)}
    return replace(spec, columns=columns, key=(ROW,)), numbered


def _bounds(rows: pl.DataFrame) -> list[tuple[int, int]]:
    ends = [len(rows) * number // COUNT for number in range(COUNT + 1)]
    return list(pairwise(ends))
