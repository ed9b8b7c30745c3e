"""Cleaning of whole columns before they are typed, as perennial.contract.values cleans a text."""

from collections import Counter

import polars as pl

from perennial.contract.columns import TEXTS
from perennial.contract.dataset import Contract

Changes = Counter[tuple[str, str]]


def clean(frame: pl.DataFrame, contract: Contract) -> tuple[pl.DataFrame, Changes]:
    """The rows as the contract wants them cleaned, and how many values of which column were trimmed or replaced.

    Only columns of text with cleaning of their own are touched; readers have resolved the null values of the others.
    """
    changes: Changes = Counter()
    texts = [name for name, kind in frame.schema.items() if kind == pl.String and contract.columns[name].cleans]
    cleaned = [_cleaned(frame[name], contract, changes) for name in texts]
    return frame.with_columns(cleaned), changes


def _cleaned(values: pl.Series, contract: Contract, changes: Changes) -> pl.Series:
    name, column = values.name, contract.columns[values.name]
    blank = column.type not in TEXTS
    if column.trim:
        values = _counted(values, values.str.strip_chars(), changes, "trimmed")
    elif blank:
        values = values.str.strip_chars()
    if column.replace:
        values = _counted(values, values.replace(dict(column.replace)), changes, "replaced")
        values = values.str.strip_chars() if blank else values
    return pl.select(pl.when(~values.is_in(list(contract.nulls(name)))).then(values).alias(name)).to_series()


def _counted(before: pl.Series, after: pl.Series, changes: Changes, what: str) -> pl.Series:
    changed = int((before != after).sum())
    if changed:
        changes[before.name, what] += changed
    return after
