"""What is done to a column's text before it is typed: blanks off, declared replacements, declared null marks."""

from collections import Counter

import polars as pl

from perennial.contract.dataset import Contract

Changes = Counter[tuple[str, str]]


def clean(frame: pl.DataFrame, contract: Contract) -> tuple[pl.DataFrame, Changes]:
    """The rows as the contract wants them cleaned, and how many values of which column were trimmed or replaced.

    Only columns of text with cleaning of their own are touched; readers have resolved the null marks of the others.
    """
    changes: Changes = Counter()
    for name in frame.columns:
        if frame.schema[name] == pl.String and contract.columns[name].cleans:
            frame = frame.with_columns(_cleaned(frame[name], contract, changes))
    return frame, changes


def _cleaned(values: pl.Series, contract: Contract, changes: Changes) -> pl.Series:
    name, column = values.name, contract.columns[values.name]
    if column.trim:
        values = _counted(values, values.str.strip_chars(), changes, "trimmed")
    if column.replace:
        values = _counted(values, values.replace(dict(column.replace)), changes, "replaced")
    return pl.select(pl.when(~values.is_in(list(contract.nulls(name)))).then(values).alias(name)).to_series()


def _counted(before: pl.Series, after: pl.Series, changes: Changes, what: str) -> pl.Series:
    changed = int((before != after).sum())
    if changed:
        changes[before.name, what] += changed
    return after
