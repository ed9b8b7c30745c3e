"""Columns that alone nearly give the target: models of one feature, cross-validated on a bounded sample.

Such a column is often known only after the answer (the grade that a loan got, the hour at which a flight landed). A
person must say so: the data does not. A number is judged by a small tree and, where the answer is a number, by a line;
a category by the target's mean in it, a text by its words. Most numbers explain little, which the means in bins of them
tell without a tree, so that a table of 2,000 columns takes a second. Models need scikit-learn; it runs in the training
job and the command. A number in the order of the answers is found by that order, in few rows as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from perennial.contract.leak import THRESHOLD, Leak
from perennial.one_column import FOLDS, SURE, Asked, Floats, Values, is_missing, numbers

__all__ = ["FEWEST_ROWS", "MOST_ROWS", "Values", "leaks"]

MOST_ROWS = 5_000
FEWEST_ROWS = 30
_FEW_ROWS = 50  # below, only columns are named that explain everything, and no pairs
MOST_PAIRED = 24  # numbers, those that explain most, whose pairs are tried
_MOST_CLASSES = 20
_OF_PAIRS = 0.995  # score of a pair: arithmetic gives the target, while two good features may explain 98%
_REST = 0.2  # share of what the better of two columns leaves unexplained that a pair may leave
_DAY = 24 * 60


def leaks(
    columns: Mapping[str, Values],
    target: Sequence[Any],
    classified: bool,
    seed: int = 0,
    texts: Collection[str] = (),
) -> tuple[Leak, ...]:
    """The columns that nearly give the target, the strongest first.

    Args:
        columns: the features, each with n values: floats in an array, or any in a list: numbers and booleans as they
            are, moments as numbers, everything else is a category; None and NaN are missing.
        target: the n answers; rows without one are left out.
        classified: the answers are classes, else numbers.
        seed: chooses the rows, if there are more than MOST_ROWS, and the folds.
        texts: the columns that are read as words, not as categories.
    """
    chance = np.random.default_rng(seed)
    known = np.array([place for place, value in enumerate(target) if not is_missing(value)], dtype=np.int64)
    rows = chance.permutation(known)[:MOST_ROWS]
    if len(rows) < FEWEST_ROWS:
        return ()
    answers = _answers([target[place] for place in rows], classified)
    if answers is None:
        return ()
    asked = Asked(answers, np.arange(len(rows)) % FOLDS, classified)
    sampled = {name: values[rows] if isinstance(values, np.ndarray) else [values[place] for place in rows]
               for name, values in columns.items()}  # fmt: skip
    alone = {name: asked.score_of_texts(values) if name in texts else asked.score(values)
             for name, values in sampled.items()}  # fmt: skip
    metric = "roc_auc" if classified else "r2"
    least = THRESHOLD if len(rows) >= _FEW_ROWS else SURE
    found = [Leak(name, metric, round(score, 4)) for name, score in alone.items() if score >= least]
    found.sort(key=lambda leak: (-leak.score, leak.column))
    if len(rows) < _FEW_ROWS:
        return tuple(found)
    rest = {name: each for name, values in sampled.items()
            if name not in texts and alone[name] < THRESHOLD and (each := numbers(values)) is not None}  # fmt: skip
    pairs = _pairs(rest, alone, asked)
    return (*found, *(Leak(one, metric, round(score, 4), (other,)) for one, other, score in pairs))


def _pairs(columns: Mapping[str, Floats], alone: Mapping[str, float], asked: Asked) -> list[tuple[str, str, float]]:
    """Pairs of numbers whose sum, difference, product or ratio nearly gives the target, the strongest first.

    No column is in two of them.
    """
    likely = sorted(columns, key=lambda name: (-alone[name], name))[:MOST_PAIRED]
    found = []
    for one, other in combinations(likely, 2):
        most = 1 - _REST * (1 - max(alone[one], alone[other]))
        rough = max((asked.roughly(each), place) for place, each in enumerate(_joined(columns[one], columns[other])))
        if rough[0] >= max(_OF_PAIRS, most):
            found.append((-rough[0], one, other))
    named: dict[str, tuple[str, str, float]] = {}
    for score, one, other in sorted(found):
        if not {one, other} & {name for pair in named.values() for name in pair[:2]}:
            named[one] = (one, other, min(-score, 1.0))
    return list(named.values())


def _joined(one: Floats, other: Floats) -> Iterator[Floats]:
    """Sum, difference, product and ratio; for clock times the minutes between them, within half a day."""
    if _is_clock(one) and _is_clock(other):
        minutes = one // 100 * 60 + one % 100 - other // 100 * 60 - other % 100
        yield (minutes + _DAY / 2) % _DAY - _DAY / 2
    with np.errstate(all="ignore"):
        for made in (one - other, one + other, one * other, one / other):
            yield np.where(np.isfinite(made), np.clip(made, -3e38, 3e38), np.nan)


def _is_clock(values: Floats) -> bool:
    """True for times of day as 517 and 2359, with minutes below 60 in every value and hours above 12 in some."""
    known = values[~np.isnan(values)]
    if not len(known) or known.min() < 0 or not 1300 <= known.max() <= 2400:
        return False
    return bool((known == np.floor(known)).all() and (known % 100 < 60).all() and len(np.unique(known)) > _DAY / 24)


def _answers(target: Sequence[Any], classified: bool) -> Floats | None:
    """The answers as numbers, (n, 1), or a column for each class, (n, K); None where there is nothing to explain."""
    if not classified:
        numbers: Floats = np.array(target, dtype=np.float64)[:, np.newaxis]
        return numbers if np.ptp(numbers) > 0 else None
    classes, codes = np.unique(np.array([str(value) for value in target]), return_inverse=True)
    counts = np.bincount(codes)
    often = np.flatnonzero(counts >= 2 * FOLDS)[:_MOST_CLASSES]
    if len(classes) < 2 or not len(often):
        return None
    if len(classes) == 2:
        often = often[-1:]
    found: Floats = (codes[:, np.newaxis] == often).astype(np.float64)
    return found
