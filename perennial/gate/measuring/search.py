"""Which groups of rows are worst: all values of all columns, alone and in pairs, by one fast pass for each.

In the manner of SliceFinder (Chung et al. 2019, "Automated data slicing for model validation"): every group of at
least so many rows is looked at, and how many were looked at is told, for the correction of what is concluded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from perennial.gate.measuring.influence import Codes, Floats, Statistic
from perennial.gate.measuring.levels import Levels, crossed

#: of a class, or of whatever the figure is a share of; fewer say nothing about a slice
FEWEST_OF_A_KIND = 10
#: how many groups are looked at again
SHORTLIST = 10


@dataclass(frozen=True)
class Candidate:
    """A group of rows: `where` by column the value, `rows` a mask (n,)."""

    where: Mapping[str, str]
    rows: NDArray[np.bool_]


@dataclass(frozen=True)
class Search:
    """`worst`: those that most surely are worse than the whole; `lost`: than the champion. Both worst first."""

    worst: tuple[Candidate, ...]
    lost: tuple[Candidate, ...]
    looked_at: int
    too_small: int


@dataclass(frozen=True)
class _Looked:
    """The groups of one column or pair: `of` the code, whether it is large enough, its gap, its gap to the champion."""

    columns: tuple[str, ...]
    codes: Codes
    of: NDArray[np.intp]
    gap: Floats
    lost: Floats
    too_small: int


def search(
    columns: Mapping[str, Levels], fewest: int, candidate: Statistic, champion: Statistic | None, sign: int
) -> Search:
    """`columns`: levels of the same n rows. `fewest` rows make a group. `sign`: 1 where greater is better, else -1."""
    rows = len(next(iter(columns.values())).codes) if columns else 0
    whole = float(candidate.of(np.zeros(rows, dtype=np.int64), 1).value[0]) if rows else float("nan")
    kept = {name: found.kept(fewest) for name, found in columns.items()}
    looked = [
        _look(names, codes, fewest, candidate, champion, sign, whole) for names, codes in _crossings(kept) if codes.size
    ]
    pruned = sum(len(columns[name].names) - len(kept[name].names) for name in columns)
    return Search(
        _first(looked, [each.gap for each in looked], kept),
        _first(looked, [each.lost for each in looked], kept) if champion is not None else (),
        sum(len(each.of) for each in looked),
        pruned + sum(each.too_small for each in looked),
    )


def _crossings(columns: Mapping[str, Levels]) -> Iterator[tuple[tuple[str, ...], Codes]]:
    for name, found in columns.items():
        if len(found.names) > 1:
            yield (name,), found.codes
    for left, right in combinations([name for name, found in columns.items() if len(found.names) > 1], 2):
        yield (left, right), _without_repeats(crossed(columns[left], columns[right]), columns[left], columns[right])


def _without_repeats(codes: Codes, left: Levels, right: Levels) -> Codes:
    """A pair that holds the very rows of one of its values alone was looked at already."""
    width = len(right.names)
    cells = np.bincount(codes[codes >= 0], minlength=len(left.names) * width).reshape(-1, width)
    alone = np.bincount(left.codes[left.codes >= 0], minlength=len(left.names))[:, None]
    other = np.bincount(right.codes[right.codes >= 0], minlength=width)[None, :]
    known = np.append(((cells == alone) | (cells == other)).ravel(), False)
    return np.where(known[codes], -1, codes)


def _look(
    names: tuple[str, ...],
    codes: Codes,
    fewest: int,
    candidate: Statistic,
    champion: Statistic | None,
    sign: int,
    whole: float,
) -> _Looked:
    counts = np.bincount(codes[codes >= 0])
    large = np.flatnonzero(counts >= fewest)
    compact = np.full(len(counts) + 1, -1, dtype=np.int64)
    compact[large] = np.arange(len(large))
    dense = compact[codes]
    mine = candidate.of(dense, len(large))
    usable = np.isfinite(mine.value) & (mine.size >= min(FEWEST_OF_A_KIND, fewest))
    gap = sign * (mine.value - whole) + 2 * _error(mine.influence, dense, len(large))
    lost = np.full(len(large), np.nan)
    if champion is not None:
        theirs = champion.of(dense, len(large))
        paired = _error(mine.influence - theirs.influence, dense, len(large))
        lost = sign * (mine.value - theirs.value) + 2 * paired
    too_small = int((counts > 0).sum()) - int(usable.sum())
    return _Looked(names, codes, large[usable], gap[usable], lost[usable], too_small)


def _error(influence: Floats, codes: Codes, groups: int) -> Floats:
    """The standard error of each group's figure."""
    return np.sqrt(np.bincount(codes + 1, weights=influence**2, minlength=groups + 1)[1:])


def _first(looked: list[_Looked], scores: list[Floats], columns: Mapping[str, Levels]) -> tuple[Candidate, ...]:
    """The groups whose figure is worst even where chance was kind to them: their estimate plus two errors."""
    if not looked:
        return ()
    owner = np.repeat(np.arange(len(looked)), [len(each.of) for each in looked])
    cell = np.concatenate([each.of for each in looked])
    score = np.concatenate(scores)
    order = np.argsort(np.where(np.isfinite(score), score, np.inf), kind="stable")[:SHORTLIST]
    found = []
    for place in order[np.isfinite(score[order])].tolist():
        group = looked[int(owner[place])]
        found.append(Candidate(_where(group.columns, int(cell[place]), columns), group.codes == cell[place]))
    return tuple(found)


def _where(names: tuple[str, ...], cell: int, columns: Mapping[str, Levels]) -> dict[str, str]:
    if len(names) == 1:
        return {names[0]: columns[names[0]].names[cell]}
    left, right = divmod(cell, len(columns[names[1]].names))
    return {names[0]: columns[names[0]].names[left], names[1]: columns[names[1]].names[right]}
