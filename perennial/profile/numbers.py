"""What is counted of a column that is no category: one number a row."""

import polars as pl


def number(value: pl.Expr, type_: str) -> pl.Expr:
    if type_ == "text":
        return value.str.len_chars().cast(pl.Float64)
    return (value.to_physical() if type_ in ("date", "datetime") else value).cast(pl.Float64)
