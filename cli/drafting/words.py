"""Free text whose words come back from row to row: a model can learn from them, as it cannot from names that differ."""

from __future__ import annotations

import polars as pl

_MOST_ROWS = 20_000
_FEWEST_ROWS = 50
_WORD = r"\p{L}{3,}"
_ROWS_OF_A_WORD = 10
_SHARE_OF_A_WORD = 0.005
_SHARE = 1 / 3  # of the rows: with a word that comes back


def words_come_back(values: pl.Series) -> bool:
    """True if a third of the texts have a word that stands in ten rows and in one of two hundred."""
    texts = values.drop_nulls().head(_MOST_ROWS)
    if len(texts) < _FEWEST_ROWS:
        return False
    words = texts.str.to_lowercase().str.extract_all(_WORD).list.unique()
    frame = pl.DataFrame({"row": pl.int_range(len(texts), eager=True), "word": words}).explode("word").drop_nulls()
    often = max(_ROWS_OF_A_WORD, _SHARE_OF_A_WORD * len(texts))
    known = frame.filter(pl.len().over("word") >= often)
    return known["row"].n_unique() >= _SHARE * len(texts)
