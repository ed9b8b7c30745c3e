"""Resamples of rows, and work done once per resample by as many threads as there are.

Replicate i is drawn from (seed, i) alone. So the same seed gives the same figures whatever the number of threads, and
fewer replicates are the first of more.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Draws of a row below which handing work to threads costs more than it brings.
_FEW_DRAWS = 2_000_000
_GROUPS = 40


@dataclass(frozen=True)
class Resamples:
    """`count` resamples of `rows` rows with replacement (Efron 1979), as how often each row was drawn.

    They are drawn anew each time they are asked for, the same each time, so they take no memory.
    """

    rows: int
    count: int
    seed: int

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Floats]:
        """Weight vectors of shape (rows,); whole numbers that sum to `rows`."""
        return (self.draw(number) for number in range(self.count))

    def drawn(self, number: int) -> NDArray[np.int64]:
        """The rows of the resample of that number, from 0 on: their places, (rows,), as they were drawn."""
        return np.random.default_rng((self.seed, number)).integers(0, max(1, self.rows), self.rows)

    def draw(self, number: int) -> Floats:
        """How often each row is in the resample of that number, (rows,)."""
        return np.bincount(self.drawn(number), minlength=self.rows).astype(np.float64)

    def replicate(self, work: Callable[[Floats], Floats], threads: int | None = None) -> Floats:
        """(count, k): what `work`, a function of weights (rows,), gives for each resample, a vector of shape (k,).

        `threads`: all cores by default, one where there is little to do. NumPy releases Python's lock in long loops.
        """
        if threads is None:
            threads = 1 if self.rows * self.count < _FEW_DRAWS else os.cpu_count() or 1
        if threads == 1:
            return np.array([work(weights) for weights in self])
        with ThreadPoolExecutor(threads) as pool:
            return np.array(list(pool.map(lambda number: work(self.draw(number)), range(self.count))))

    def left_out(self, work: Callable[[Floats], Floats]) -> Floats:
        """(groups, k): what `work` gives with each of 40 groups of rows left out; the grouped jackknife (Miller 1974).

        Row i is of group i modulo 40. With fewer rows each is a group.
        """
        group = np.arange(self.rows) % _GROUPS
        everything = np.ones(self.rows)
        kept = ((group != left).astype(np.float64) for left in range(min(_GROUPS, self.rows)))
        return np.array([work(weights) for weights in kept]).reshape(-1, len(work(everything)))
