"""Bootstrap resamples of rows, or of groups of rows; the work for each runs on all cores.

Replicate i is drawn from (seed, i) alone. The same seed gives the same result for any number of threads, and a smaller
number of replicates is the start of a larger one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Below this number of drawn rows, threads cost more than they save.
_FEW_DRAWS = 2_000_000
_SHARES = 4  # of the resamples for each thread
_PARTS = 40
_CELLS = 1 << 17  # weights that are handled at once, 1 MB


@dataclass(frozen=True)
class Resamples:
    """`count` resamples of `rows` rows with replacement (Efron 1979), as the number of times each row is drawn.

    They are drawn again on each use, with the same result, and take no memory. `groups`, (rows,), numbers the group of
    each row from 0: then whole groups are drawn, because rows of a group are not independent (the cluster bootstrap;
    Davison and Hinkley 1997, section 3.8).
    """

    rows: int
    count: int
    seed: int
    groups: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Floats]:
        """Weight vectors of shape (rows,); whole numbers that sum to `rows` if there are no groups."""
        return (self.draw(number) for number in range(self.count))

    @cached_property
    def units(self) -> int:
        """The number of what is drawn: of groups, or of rows."""
        return self.rows if self.groups is None else int(self.groups.max(initial=-1)) + 1

    def drawn(self, number: int) -> NDArray[np.int64]:
        """The indices of the rows, or groups, of resample `number` (from 0), (units,), in the order drawn."""
        return np.random.default_rng((self.seed, number)).integers(0, max(1, self.units), self.units)

    def draw(self, number: int) -> Floats:
        """The number of times each row is in resample `number`, (rows,)."""
        counts = np.bincount(self.drawn(number), minlength=self.units).astype(np.float64)
        return counts if self.groups is None else counts[self.groups]

    def replicate(self, work: Callable[[Floats], Floats], threads: int | None = None) -> Floats:
        """(count, k): the result of `work` for each resample; `work` maps weights (b, rows) to (b, k), row by row.

        `threads`: all cores by default, one for small inputs. NumPy releases the GIL in long loops.
        """
        if threads is None:
            threads = 1 if self.rows * self.count < _FEW_DRAWS else os.cpu_count() or 1
        shares = np.array_split(np.arange(self.count), 1 if threads == 1 else _SHARES * threads)
        if threads == 1:
            return self._worked(work, shares[0].tolist())
        with ThreadPoolExecutor(threads) as pool:
            return np.concatenate(list(pool.map(lambda share: self._worked(work, share.tolist()), shares)))

    def _worked(self, work: Callable[[Floats], Floats], numbers: Sequence[int]) -> Floats:
        """(len(numbers), k): the result of `work` for some resamples, as many at once as fit into a core's cache."""
        step = max(1, _CELLS // max(1, self.rows))
        shares = [numbers[start : start + step] for start in range(0, max(1, len(numbers)), step)]
        return np.concatenate([work(self._drawn_together(share)) for share in shares])

    def _drawn_together(self, numbers: Sequence[int]) -> Floats:
        """(len(numbers), rows): the weights of some resamples."""
        weights = np.empty((len(numbers), self.rows))
        for place, number in enumerate(numbers):
            weights[place] = self.draw(number)
        return weights

    def left_out(self, work: Callable[[Floats], Floats]) -> Floats:
        """(parts, k): the result of `work` without each of 40 parts of the rows; the grouped jackknife (Miller 1974).

        Row i, or group i, belongs to part i modulo 40. With fewer of them each is a part.
        """
        part = (np.arange(self.rows) if self.groups is None else self.groups) % _PARTS
        parts = np.arange(min(_PARTS, self.units))
        step = max(1, _CELLS // max(1, self.rows))
        found = [
            work((part != parts[start : start + step, None]).astype(np.float64))
            for start in range(0, max(1, len(parts)), step)
        ]
        return np.concatenate(found)
