"""Texts as few numbers: n-grams of characters, weighted by TF-IDF and reduced by a truncated SVD.

n-grams of characters within words tell spellings and endings apart, need no dictionary of a language, and serve names
of a few words as well as sentences. The vocabulary, the rows that are learnt from and the length of a text are bounded.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.preprocessing import normalize

from training.fast.ngrams import LONGEST_TEXT, NGRAM_SIZES, NGRAM_WIDTH, ROUNDED

Matrix = NDArray[np.float64]
_MOST_NGRAMS = 8192
_MOST_ROWS = 20_000
_AT_ONCE = 10_000
_SPLIT = {"analyzer": "char_wb", "ngram_range": NGRAM_SIZES}


class NGrams:
    """A text's n-grams as NGRAM_WIDTH numbers, and the logarithm of its length. A null is an empty text: all 0.

    `weights` (n-grams, NGRAM_WIDTH) are the components of the SVD, `rarity` (n-grams,) the inverse document
    frequencies. Numbers are rounded, so that a sum in another order gives the same ones.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.vocabulary: dict[str, int] = {}
        self.rarity: Matrix = np.zeros(0)
        self.weights: Matrix = np.zeros((0, NGRAM_WIDTH))

    def fit(self, values: pd.Series, target: object = None) -> NGrams:
        """Learns from the first _MOST_ROWS rows, which are in the order of a hash. `target` is not used."""
        texts = [text for text in _cut(values.head(_MOST_ROWS)) if text.strip()]
        if not texts:
            return self
        counting = TfidfVectorizer(**_SPLIT, max_features=_MOST_NGRAMS, sublinear_tf=True)
        found = counting.fit_transform(texts)
        self.vocabulary = {str(ngram): place for place, ngram in enumerate(counting.get_feature_names_out())}
        self.rarity = np.round(counting.idf_, ROUNDED)
        self.weights = np.eye(found.shape[1], NGRAM_WIDTH)
        if found.shape[1] < 2:  # TruncatedSVD takes two or more
            return self
        svd = TruncatedSVD(min(NGRAM_WIDTH, *found.shape), random_state=self.seed)
        with warnings.catch_warnings():  # of texts that are all the same, whose variance is 0
            warnings.simplefilter("ignore", RuntimeWarning)
            svd.fit(found)
        self.weights[:] = 0.0
        self.weights[:, : len(svd.components_)] = np.round(svd.components_.T, ROUNDED)
        return self

    def transform(self, values: pd.Series) -> Matrix:
        """Numbers of shape (n, NGRAM_WIDTH + 1)."""
        texts = _cut(values)
        parts = [self._reduced(texts[at : at + _AT_ONCE]) for at in range(0, len(texts), _AT_ONCE)]
        reduced = np.concatenate(parts) if parts else np.zeros((0, NGRAM_WIDTH))
        characters = np.array([len(text) for text in texts], dtype=np.float64)
        return np.column_stack([reduced, np.log1p(characters)])

    def names(self, column: str) -> list[str]:
        """One name per number."""
        return [*[f"{column}.ngrams{place}" for place in range(NGRAM_WIDTH)], f"{column}.length"]

    def _reduced(self, texts: list[str]) -> Matrix:
        if not self.vocabulary:
            return np.zeros((len(texts), NGRAM_WIDTH))
        counts = CountVectorizer(**_SPLIT, vocabulary=self.vocabulary).transform(texts).astype(np.float64)
        counts.data = (np.log(counts.data) + 1) * self.rarity[counts.indices]
        return np.round(np.asarray(normalize(counts, copy=False) @ self.weights), ROUNDED)


def _cut(values: pd.Series) -> list[str]:
    return [text[:LONGEST_TEXT] for text in values.fillna("").tolist()]
