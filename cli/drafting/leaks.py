"""The leaks of a local file: its typed sample, as a training would see it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from perennial.contract.leak import Leak
from perennial.contract.model import ModelSpec
from perennial.leakage import MOST_ROWS, Values, leaks
from perennial.validation.sampling import sample


def of_file(path: Path, spec: ModelSpec) -> tuple[Leak, ...]:
    """The features of a file that alone nearly give the target."""
    rows = sample(path, spec.contract(), MOST_ROWS)
    columns = {name: _plain(rows[name]) for name in spec.features()}
    texts = [name for name in columns if spec.columns[name].type == "text"]
    return leaks(columns, rows[spec.target].to_list(), spec.problem != "regression", texts=texts)


def _plain(values: pl.Series) -> Values:
    """Categories and texts as they are; numbers, booleans, dates and moments as floats."""
    return values.to_list() if values.dtype == pl.String else values.to_physical().cast(pl.Float64).to_numpy()
