"""Searches for the worst slices: every value of every column and every pair of values, one pass per column or pair.

After SliceFinder (Chung et al. 2019, "Automated data slicing for model validation"): every slice of at least `min_rows`
rows is compared, and the number of comparisons is returned for the correction of the intervals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from perennial.gate.measuring.influence import Codes, Floats, Statistic
from perennial.gate.measuring.levels import Levels, crossed

#: the fewest rows of a class, or of the metric's denominator, in a slice
FEWEST_OF_A_KIND = 10
#: the number of slices that are estimated exactly
SHORTLIST = 10


@dataclass(frozen=True)
class FoundSlice:
    """A slice: `where` maps columns to values, `rows` is a mask (n,)."""

    where: Mapping[str, str]
    rows: NDArray[np.bool_]


@dataclass(frozen=True)
class Search:
    """`worst`: slices significantly worse than all rows; `lost`: than the champion. Both worst first."""

    worst: tuple[FoundSlice, ...]
    lost: tuple[FoundSlice, ...]
    examined: int
    too_small: int


@dataclass(frozen=True)
class _ScoredGroups:
    """The slices of one column or pair: their codes `of`, their gap to all rows, their gap to the champion (`lost`)."""

    columns: tuple[str, ...]
    codes: Codes
    of: NDArray[np.intp]
    gap: Floats
    lost: Floats
    too_small: int


def search(
    columns: Mapping[str, Levels], min_rows: int, candidate: Statistic, champion: Statistic | None, sign: int
) -> Search:
    """The worst slices of at least `min_rows` rows, from the levels of n rows; `sign`: 1 if greater is better."""
    rows = len(next(iter(columns.values())).codes) if columns else 0
    whole = float(candidate.of(np.zeros(rows, dtype=np.int64), 1).value[0]) if rows else float("nan")
    with_min_rows = {name: found.with_min_rows(min_rows) for name, found in columns.items()}
    scored = [
        _score_groups(names, codes, min_rows, candidate, champion, sign, whole)
        for names, codes in _crossings(with_min_rows)
        if codes.size
    ]
    pruned = sum(len(columns[name].names) - len(with_min_rows[name].names) for name in columns)
    return Search(
        _shortlist(scored, [each.gap for each in scored], with_min_rows),
        _shortlist(scored, [each.lost for each in scored], with_min_rows) if champion is not None else (),
        sum(len(each.of) for each in scored),
        pruned + sum(each.too_small for each in scored),
    )


def _crossings(columns: Mapping[str, Levels]) -> Iterator[tuple[tuple[str, ...], Codes]]:
    for name, found in columns.items():
        if len(found.names) > 1:
            yield (name,), found.codes
    for left, right in combinations([name for name, found in columns.items() if len(found.names) > 1], 2):
        yield (left, right), _without_duplicates(crossed(columns[left], columns[right]), columns[left], columns[right])


def _without_duplicates(codes: Codes, left: Levels, right: Levels) -> Codes:
    """Excludes a pair that has exactly the rows of one of its values: it was compared already."""
    width = len(right.names)
    cells = np.bincount(codes[codes >= 0], minlength=len(left.names) * width).reshape(-1, width)
    alone = np.bincount(left.codes[left.codes >= 0], minlength=len(left.names))[:, None]
    other = np.bincount(right.codes[right.codes >= 0], minlength=width)[None, :]
    known = np.append(((cells == alone) | (cells == other)).ravel(), False)
    return np.where(known[codes], -1, codes)


def _score_groups(
    names: tuple[str, ...],
    codes: Codes,
    min_rows: int,
    candidate: Statistic,
    champion: Statistic | None,
    sign: int,
    whole: float,
) -> _ScoredGroups:
    counts = np.bincount(codes[codes >= 0])
    large = np.flatnonzero(counts >= min_rows)
    compact = np.full(len(counts) + 1, -1, dtype=np.int64)
    compact[large] = np.arange(len(large))
    dense = compact[codes]
    mine = candidate.of(dense, len(large))
    usable = np.isfinite(mine.value) & (mine.size >= min(FEWEST_OF_A_KIND, min_rows))
    gap = sign * (mine.value - whole) + 2 * _error(mine.influence, dense, len(large))
    lost = np.full(len(large), np.nan)
    if champion is not None:
        theirs = champion.of(dense, len(large))
        paired = _error(mine.influence - theirs.influence, dense, len(large))
        lost = sign * (mine.value - theirs.value) + 2 * paired
    too_small = int((counts > 0).sum()) - int(usable.sum())
    return _ScoredGroups(names, codes, large[usable], gap[usable], lost[usable], too_small)


def _error(influence: Floats, codes: Codes, groups: int) -> Floats:
    """The standard error of each slice's metric."""
    return np.sqrt(np.bincount(codes + 1, weights=influence**2, minlength=groups + 1)[1:])


def _shortlist(
    scored: list[_ScoredGroups], scores: list[Floats], columns: Mapping[str, Levels]
) -> tuple[FoundSlice, ...]:
    """The slices with the worst upper confidence bound: estimate plus two standard errors."""
    if not scored:
        return ()
    owner = np.repeat(np.arange(len(scored)), [len(each.of) for each in scored])
    cell = np.concatenate([each.of for each in scored])
    score = np.concatenate(scores)
    order = np.argsort(np.where(np.isfinite(score), score, np.inf), kind="stable")[:SHORTLIST]
    found = []
    for place in order[np.isfinite(score[order])].tolist():
        group = scored[int(owner[place])]
        found.append(FoundSlice(_where(group.columns, int(cell[place]), columns), group.codes == cell[place]))
    return tuple(found)


def _where(names: tuple[str, ...], cell: int, columns: Mapping[str, Levels]) -> dict[str, str]:
    if len(names) == 1:
        return {names[0]: columns[names[0]].names[cell]}
    left, right = divmod(cell, len(columns[names[1]].names))
    return {names[0]: columns[names[0]].names[left], names[1]: columns[names[1]].names[right]}
