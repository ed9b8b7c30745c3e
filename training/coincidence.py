"""The near rows that chance gives, so that a table of few categories has no near-duplicates only for being small.

Pairs are judged by the blocks of columns on which they agree. Two parts A and B of these blocks are taken: if rows are
equal by chance, the rows that agree with one on A agree on B as often as other rows do, so nA nB / n of n rows agree on
both; rows that agree on A and B are not counted. This allows for any dependence within A and within B. And chance
gives pairs whose targets agree as those of any two rows; copies have the same target.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtrc

from training.near_pairs import Blocks, Mask, Places

_SAMPLED = 4_000  # held-out rows for which chance is measured
_TIMES = 3.0  # as many as chance gives, at least
_SURE = 0.001  # the probability of as many by chance, at most
_ENOUGH_PAIRS = 20  # to tell by their targets
_LEAST_AGREEMENT = 0.8  # of the targets, beyond chance (Cohen's kappa, 1960)


@dataclass(frozen=True)
class Pairs:
    """Pairs of distinct rows, codes of both targets, and a number whose bit i is set if they agree on block i."""

    train: Places
    held_out: Places
    target: NDArray[np.int64]
    other_target: NDArray[np.int64]
    masks: NDArray[np.int64]

    @property
    def agree(self) -> Mask:
        """The pairs with equal targets."""
        equal: Mask = self.target == self.other_target
        return equal


def exceeds_chance(blocks: Blocks, held_out: Mask, pairs: Pairs) -> tuple[Mask, float]:
    """The pairs that count as near-duplicates, and the number of held-out rows that chance would give.

    Pairs with the same clean blocks are judged together; pairs with different targets never count.
    """
    counted = np.zeros(len(pairs.masks), dtype=np.bool_)
    chance = _Chance(blocks, np.flatnonzero(held_out))
    expected_in_all = 0.0
    for mask in np.unique(pairs.masks).tolist():
        among = pairs.masks == mask
        with_target = among & pairs.agree
        found = len(np.unique(pairs.held_out[with_target]))
        if not found or not _same_targets(pairs.target[among], pairs.other_target[among]):
            continue
        expected = chance.expected(mask) * _agreement_by_chance(pairs.target[among], pairs.other_target[among])
        if found >= _TIMES * expected and pdtrc(found - 1, expected) <= _SURE:
            counted |= with_target
            expected_in_all += expected
    return counted, expected_in_all


def _agreement_by_chance(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """The probability that a target of one side equals one of the other."""
    size = int(max(one.max(), other.max())) + 1
    shares = [np.bincount(side, minlength=size) / len(side) for side in (one, other)]
    return float(shares[0] @ shares[1])


def _same_targets(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    """True unless there are enough pairs to tell that their targets differ as those of different rows do."""
    by_chance = _agreement_by_chance(one, other)
    if len(one) < _ENOUGH_PAIRS or by_chance == 1:
        return True
    return float(((one == other).mean() - by_chance) / (1 - by_chance)) >= _LEAST_AGREEMENT


class _Chance:
    """The number of rows that agree with a held-out row on some blocks, for a sample of held-out rows."""

    def __init__(self, blocks: Blocks, held_out: Places) -> None:
        step = -(-len(held_out) // _SAMPLED)
        self._blocks, self._rows = blocks, held_out[::step]
        self._scale = len(held_out) / len(self._rows)
        self._known: dict[int, NDArray[np.float64]] = {}

    def expected(self, mask: int) -> float:
        """The number of held-out rows that agree with another row on the blocks of `mask` by chance, at most all."""
        rows, family = self._blocks.rows, self._agreeing(mask)
        places = [place for place in range(len(self._blocks.columns)) if mask >> place & 1]
        others = [self._agreeing(1 << place) - family + 1 for place in places]
        apart = rows * np.prod([each / rows for each in others], axis=0)
        for half in _halves(places):
            one, other = (self._agreeing(side) - family for side in (half, mask ^ half))
            apart = np.maximum(apart, one * other / rows)
        return float(np.minimum(apart, 1.0).sum() * self._scale)

    def _agreeing(self, mask: int) -> NDArray[np.float64]:
        if mask not in self._known:
            hashes = self._blocks.union(mask)
            values, codes = np.unique(hashes[self._rows], return_inverse=True)
            at = np.minimum(np.searchsorted(values, hashes), len(values) - 1)
            counts = np.bincount(at[values[at] == hashes], minlength=len(values))
            self._known[mask] = counts[codes].astype(np.float64)
        return self._known[mask]


def _halves(places: list[int]) -> Iterator[int]:
    """Some divisions of the blocks into two parts, as the mask of one of them."""
    size = len(places) // 2
    if size:
        for chosen in list(combinations(places, size))[:3]:
            yield sum(1 << place for place in chosen)
