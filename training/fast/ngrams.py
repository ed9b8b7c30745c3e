"""A text's n-grams without scikit-learn: the numbers of `training.ngrams`, from its learnt arrays."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

NGRAM_SIZES = (3, 4)  # characters
NGRAM_WIDTH = 32  # numbers that a text is reduced to
LONGEST_TEXT = 1000  # characters; what follows is not read
ROUNDED = 6  # decimals of learnt arrays and of numbers
Matrix = NDArray[np.float64]


class NGrams:
    """n-grams of characters within words, weighted by TF-IDF and reduced; then the logarithm of the text's length."""

    def __init__(self, learnt: Mapping[str, Any]) -> None:
        self._places: dict[str, int] = {ngram: place for place, ngram in enumerate(learnt["vocabulary"])}
        self._rarity = np.array(learnt["rarity"], dtype=np.float64)
        self._weights = np.array(learnt["weights"], dtype=np.float64).reshape(-1, NGRAM_WIDTH)

    def one(self, value: Any) -> list[float]:
        """The numbers of one text."""
        text = "" if value is None else value[:LONGEST_TEXT]
        counts = Counter(place for ngram in ngrams(text) if (place := self._places.get(ngram)) is not None)
        if not counts:
            return [*[0.0] * NGRAM_WIDTH, math.log1p(len(text))]
        places = list(counts)
        weighted = (np.log(np.array(list(counts.values()), dtype=np.float64)) + 1) * self._rarity[places]
        reduced = weighted / math.sqrt(weighted @ weighted) @ self._weights[places]
        return [*np.round(reduced, ROUNDED).tolist(), math.log1p(len(text))]

    def many(self, values: Sequence[Any]) -> Matrix:
        """Numbers of shape (n, NGRAM_WIDTH + 1)."""
        return np.array([self.one(value) for value in values])


def ngrams(text: str) -> Iterator[str]:
    """The n-grams of a text as scikit-learn's analyzer char_wb gives them, a short word once."""
    for word in text.lower().split():
        padded = f" {word} "
        for size in range(NGRAM_SIZES[0], NGRAM_SIZES[1] + 1):
            yield padded[:size]
            for at in range(1, len(padded) - size + 1):
                yield padded[at : at + size]
            if len(padded) <= size:
                break
