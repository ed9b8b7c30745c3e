"""A text as the answers of a linear model over its words, without scikit-learn: the numbers of `training.words`.

A word, a pair of words or an n-gram of characters is a place among PLACES, by its CRC-32; no word is kept. Weighted
counts and weights are whole numbers whose sums stay below 2**53, which a double holds exactly in any order of adding.
So one row, many rows and the fitted pipeline have the same bits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

PLACES = 2**18  # a power of two
LONGEST = 2000  # characters; what follows is not read
SIZES = (3, 4, 5)  # characters of an n-gram within a word
MOST_TIMES = 1000  # that an n-gram of a text counts
PARTS = 256  # of a unit of a rarity and of a weighted count
WEIGHT_PARTS = 2**16  # of a unit of a weight
LARGEST_WEIGHT = 32.0
#: by the times of an n-gram: one plus their logarithm
DAMPED = np.array([0.0, *[1 + math.log(times) for times in range(1, MOST_TIMES + 1)]])
_TOKEN = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
_AT_ONCE = 1_000  # texts
_MOST_REMEMBERED = 20_000  # words
_SINGLE, _PAIR = 1, 2  # where the CRC of a word and of a pair begins; that of characters begins at 0
_BYTES = 4  # of a character in UTF-32
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class _Word:
    """The places of a word and of the n-grams within it; its bytes, and the CRC of a pair that begins with it."""

    places: list[int]
    encoded: bytes
    begun: int

    @classmethod
    def of(cls, word: str) -> _Word:
        padded = f" {word} ".encode("utf-32-le", "surrogatepass")
        encoded = padded[_BYTES:-_BYTES]
        places = [crc32(encoded, _SINGLE) % PLACES]
        for width in (_BYTES * size for size in SIZES):
            last = max(0, len(padded) - width)
            places += [crc32(padded[at : at + width]) % PLACES for at in range(0, last + 1, _BYTES)]
            if not last:  # a short word once
                break
        return cls(places, encoded, crc32(padded[-_BYTES:], crc32(encoded, _PAIR)))


def tokens(text: str) -> list[str]:
    """The words of a text in lower case, and each sign that is neither a letter, a digit nor a blank."""
    return _TOKEN.findall(text[:LONGEST].lower()[:LONGEST])


def places(texts: Iterable[str], known: dict[str, _Word]) -> Iterator[list[int]]:
    """Of each text the places of its words, pairs of neighbours and n-grams of characters, as often as they stand.

    `known`: words that are not computed again; their number is bounded.
    """
    for text in texts:
        if len(known) > _MOST_REMEMBERED:
            known.clear()
        found: list[int] = []
        begun = None
        for token in tokens(text):
            word = known.get(token)
            if word is None:
                word = known[token] = _Word.of(token)
            found += word.places
            if begun is not None:
                found.append(crc32(word.encoded, begun) % PLACES)
            begun = word.begun
        yield found


class Words:
    """The answers of a linear model over the n-grams of a text; a null is missing.

    `places` (n-grams,) are those that count, `rarity` (n-grams,) their inverse document frequencies in PARTS, `weights`
    (n-grams, outputs) are in WEIGHT_PARTS; an answer is `base` and `scale` (outputs,) times the weighted sum.
    """

    def __init__(self, learnt: Mapping[str, Any]) -> None:
        self._base, self._scale = (np.array(learnt[name], dtype=np.float64) for name in ("base", "scale"))
        self._rarity = np.array(learnt["rarity"], dtype=np.float64)
        self._weights = np.array(learnt["weights"], dtype=np.float64).reshape(len(self._rarity), len(self._base))
        self._index = np.full(PLACES, -1, dtype=np.int32)
        self._index[np.array(learnt["places"], dtype=np.int64)] = np.arange(len(self._rarity))

    def one(self, value: Any) -> list[float]:
        """The numbers of one text."""
        return [float(number) for number in self.many([value])[0]]

    def many(self, values: Sequence[Any]) -> Matrix:
        """Numbers of shape (n, outputs)."""
        known: dict[str, _Word] = {}
        parts = [self._answers(values[at : at + _AT_ONCE], known) for at in range(0, len(values), _AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self._base)))

    def _answers(self, values: Sequence[Any], known: dict[str, _Word]) -> Matrix:
        lists = list(places(("" if value is None else value for value in values), known))
        lengths = [len(each) for each in lists]
        ngram = self._index[np.fromiter(chain.from_iterable(lists), np.int64, sum(lengths))]
        row = np.repeat(np.arange(len(lists)), lengths)[ngram >= 0]
        size = max(1, len(self._rarity))
        found, times = np.unique(row * size + ngram[ngram >= 0], return_counts=True)
        row, ngram = np.divmod(found, size)
        counts = weighted(times, self._rarity[ngram])
        lengths_of = np.sqrt(np.bincount(row, counts * counts, len(lists)))
        lengths_of[lengths_of == 0] = 1.0
        sums = [np.bincount(row, counts * column[ngram], len(lists)) for column in self._weights.T]
        answers: Matrix = np.column_stack(sums) / (lengths_of * WEIGHT_PARTS)[:, None] * self._scale + self._base
        answers[[value is None for value in values]] = np.nan
        return answers


def weighted(times: Any, rarity: Matrix) -> Matrix:
    """The weighted counts of n-grams (n,), whole numbers: damped times, and rarities in PARTS."""
    return np.asarray(np.rint(DAMPED[np.minimum(times, MOST_TIMES)] * rarity))
