"""Calibrated probabilities: isotonic regression of held-out outcomes on scores, over bins of equally many rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.contract.part import Part, required

Floats = NDArray[np.float64]
_BINS, _ROWS_PER_BIN = 50, 20
#: with fewer held-out rows of either kind there is no calibration
FEWEST_OF_A_KIND = 10


@dataclass(frozen=True)
class Calibrator(Part):
    """Of one class: the mean score of each bin, its rows, and how many of them belong to the class."""

    scores: tuple[float, ...] = required("The mean score of each bin, ascending.")
    rows: tuple[int, ...] = required("The rows of each bin.")
    positives: tuple[int, ...] = required("Those that belong to the class.")

    @classmethod
    def fit(cls, score: Floats, came_true: NDArray[np.bool_], fewest: int = FEWEST_OF_A_KIND) -> Calibrator | None:
        """The bins of held-out rows; None where a kind has fewer than `fewest`. `score`, `came_true`: (n,)."""
        positives = int(came_true.sum())
        if min(positives, len(score) - positives) < fewest:
            return None
        bins = max(1, min(_BINS, len(score) // _ROWS_PER_BIN))
        ordered = np.sort(score)
        # Equal scores have equal ranks: no score is in two bins.
        rank = np.searchsorted(ordered, score, side="left")
        _, place = np.unique(rank * bins // len(score), return_inverse=True)
        rows = np.bincount(place)
        means = np.bincount(place, weights=score) / rows
        hits = np.bincount(place, weights=came_true).astype(np.int64)
        return cls(tuple(means.tolist()), tuple(rows.tolist()), tuple(hits.tolist()))

    def calibrated(self, score: Floats) -> Floats:
        """The probability of each score: between two bins the line through both."""
        return np.asarray(np.interp(score, self.scores, self._rates), dtype=np.float64)

    def redrawn(self, score: Floats, generator: np.random.Generator) -> Floats:
        """The same by a calibrator of other held-out rows: the outcomes of each bin are drawn again.

        A parametric bootstrap from the isotonic fit (Efron and Tibshirani 1993, section 6.5).
        """
        drawn = generator.binomial(self.rows, self._rates).astype(np.float64)
        return np.asarray(np.interp(score, self.scores, self._isotonic(drawn)), dtype=np.float64)

    @cached_property
    def _rates(self) -> Floats:
        return self._isotonic(np.asarray(self.positives, dtype=np.float64))

    def _isotonic(self, positives: Floats) -> Floats:
        """The rate of each bin, never falling: pool adjacent violators (Ayer et al. 1955)."""
        blocks: list[list[Any]] = []
        for hits, rows in zip(positives.tolist(), self.rows, strict=True):
            blocks.append([hits, rows, 1])
            while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
                last = blocks.pop()
                blocks[-1] = [mine + other for mine, other in zip(blocks[-1], last, strict=True)]
        rates = [hits / rows for hits, rows, _ in blocks]
        return np.repeat(rates, [bins for *_, bins in blocks])
