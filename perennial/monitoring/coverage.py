"""Warns where labels come for some rows only, so that the labelled rows do not stand for all."""

from __future__ import annotations

import math
from collections.abc import Iterator

import polars as pl

from perennial.contract import observed as names
from perennial.contract.model import ModelSpec

_FEWEST = 100  # rows of a slice below which its coverage says nothing
_FAR = 0.5  # a slice with less than this share of the coverage of all rows is told
_SURE = 4.0  # standard errors
_MOST = 20  # different values of a column whose slices are compared
_TOLD = 3


def warnings_of(joined: pl.DataFrame, spec: ModelSpec) -> tuple[str, ...]:
    """Sentences about slices with far fewer labels than the rest, and about labels for few rows."""
    rows = joined.height
    labelled = rows - joined[names.LABEL].null_count()
    if not labelled:
        return ()
    found = sorted(_slices(joined, spec, labelled / rows))
    return tuple(sentence for _, sentence in found[:_TOLD])


def _slices(joined: pl.DataFrame, spec: ModelSpec, coverage: float) -> Iterator[tuple[float, str]]:
    has = pl.col(names.LABEL).is_not_null()
    columns = [name for name in _columns(spec) if name in joined.columns]
    for name in [*columns, names.ANSWER, names.VERSION]:
        groups = joined.group_by(name).agg(pl.len().alias("__rows"), has.sum().alias("__labels"))
        if groups.height > _MOST:
            continue
        for value, count, labels in groups.select(name, "__rows", "__labels").sort("__rows", name).iter_rows():
            share = labels / count
            error = math.sqrt(coverage * (1 - coverage) / count)
            if count >= _FEWEST and share < _FAR * coverage and coverage - share > _SURE * error:
                what = {names.ANSWER: "the answer", names.VERSION: "the version"}.get(name, f"'{name}'")
                text = "missing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
                sentence = (
                    f"Labels are known for {share:.0%} of the {count:,} rows where {what} is {text}, and for "
                    f"{coverage:.0%} of all rows: metrics from labels say little about these."
                )
                yield share - coverage, sentence


def _columns(spec: ModelSpec) -> list[str]:
    """Columns with few values: those of categories and truths, which may be written."""
    kinds = ("category", "boolean")
    return [name for name, column in spec.columns.items() if name != spec.target and column.type in kinds]
