"""`python -m bench.gate.coverage [--write]`: the coverage of the gate's intervals, and the error rates of its
decisions.

Writes the tables into docs/gate.md. Samples come from populations whose metrics are known exactly
(bench.gate.populations); intervals and decisions come from the gate's own code, `evaluate` and `decide`.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.gate.populations import Binormal, rivals
from bench.gate.tables import put
from perennial.contract.gate import Gate
from perennial.gate.decision import decide
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.curves import Ranking
from perennial.gate.measuring.evaluation import evaluate

PAGE = Path(__file__).parents[2] / "docs" / "gate.md"
Floats = NDArray[np.float64]
Run = Callable[[Callable[[int], Any], Iterable[int]], Iterable[Any]]
SIZES, DECIDED = (200, 2_000, 10_000), (2_000, 20_000)
CONFIDENCE = 0.95
AREA, GAIN = 0.75, 0.02
ALIKE = 0.7
# The model separates the first group better.
GROUPS = (Binormal(1.0), Binormal(0.8))
SHARE_OF_FIRST = 0.3
DEVIATION = 1.3
METRICS = ("ROC AUC", "average precision", "RMSE", "gap in true positive rates")


class Sample:
    """Rows of a population, as `evaluate` takes outcomes, with four metrics."""

    problem, classes = "binary", 2

    def __init__(self, rows: int, rng: np.random.Generator) -> None:
        self.rows = rows
        self._ranking = Ranking(*Binormal().drawn(rows, rng))
        # Laplace: heavier tails than the normal distribution, like real errors.
        self._squares = rng.laplace(0, DEVIATION / 2**0.5, rows) ** 2
        of_first = rng.random(rows) < SHARE_OF_FIRST
        drawn = [group.drawn(rows, rng) for group in GROUPS]
        # The positives of each group, and whether the model predicts them.
        places = [np.flatnonzero(own & actual) for own, (actual, _) in zip((of_first, ~of_first), drawn, strict=True)]
        self._found = [
            (place, score[place] >= Binormal.threshold) for place, (_, score) in zip(places, drawn, strict=True)
        ]

    def points(self) -> dict[str, float]:
        """The metrics of the rows."""
        return self.resampled(np.ones(self.rows))

    def resampled(self, weights: Floats) -> dict[str, float]:
        """The metrics of weighted rows."""
        return dict(zip(METRICS, self.vectors(weights[None])[0].tolist(), strict=False))

    def vectors(self, weights: Floats) -> Floats:
        """The four metrics, without those by class: (b, 4) for weights (b, n)."""
        rates = [_shares(weights[:, place], found) for place, found in self._found]
        rmse = np.sqrt((weights * self._squares).sum(axis=1) / weights.sum(axis=1))
        return np.column_stack([*self._ranking.areas(weights), rmse, rates[0] - rates[1]])


def _shares(weights: Floats, found: NDArray[np.bool_]) -> Floats:
    total = weights.sum(axis=1)
    shares: Floats = np.divide((weights * found).sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0)
    return shares


def truth() -> dict[str, float]:
    """The metrics of the population, by the name of the metric."""
    first, second = (group.true_positive_rate() for group in GROUPS)
    metrics = (Binormal().roc_auc(), Binormal().average_precision(), DEVIATION, first - second)
    return dict(zip(Sample(50, np.random.default_rng(1)).points(), metrics, strict=True))


def covered(rows: int, resamples: int, known: dict[str, float], number: int) -> dict[str, bool]:
    """True for each metric if its interval contains the population's value, on the sample of that number."""
    sample = Sample(rows, np.random.default_rng((rows, number)))
    found = evaluate(sample, None, CONFIDENCE, Resamples(rows, resamples, number)).candidate.metrics
    return {name: _holds(metric, known[name]) for name, metric in found.items()}


def _holds(metric: dict[str, Any], value: float) -> bool:
    return metric["low"] is not None and bool(metric["low"] <= value <= metric["high"])


class Scores(Sample):
    """A model's scores, with its ROC AUC only."""

    def __init__(self, actual: NDArray[np.bool_], score: Floats) -> None:
        self.rows, self._ranking = len(actual), Ranking(actual, score)
        self.positives = int(actual.sum())

    def points(self) -> dict[str, float]:
        """The area."""
        return {"roc_auc": float(self._ranking.roc_auc(np.ones((1, self.rows)))[0])}

    def vectors(self, weights: Floats) -> Floats:
        """The area, without metrics by class: (b, 1) for weights (b, n)."""
        return self._ranking.roc_auc(weights)[:, None]


def promoted(rows: int, resamples: int, gain: float, number: int) -> bool:
    """True if a candidate is promoted under 'superior' with margin 0; its area exceeds the champion's by `gain`."""
    rng = np.random.default_rng((rows, number, 1))
    actual, scores = rivals(rows, (AREA + gain, AREA), ALIKE, rng)
    candidate, champion = (Scores(actual, score) for score in scores)
    found = evaluate(candidate, champion, CONFIDENCE, Resamples(rows, resamples, number))
    assert found.champion is not None
    positives = int(actual.sum())
    evaluation = {
        "format": 2,
        "problem": "binary",
        "confidence": CONFIDENCE,
        "rows": {"held_out": rows, "positives": positives, "negatives": rows - positives},
        "candidate": {"digest": "candidate", "metrics": found.candidate.metrics},
        "champion": {"version": "model@champion", "metrics": found.champion.metrics},
        "difference": found.difference,
        "parts": {"newest": None, "older": None},
    }
    return decide(evaluation, Gate("roc_auc", test="superior", margin=0.0, confidence=CONFIDENCE)).promote


def coverage(sets: int, resamples: int, run: Run, sizes: tuple[int, ...] = SIZES) -> Iterator[str]:
    """The lines of the table of intervals. `run` is `map`, or one over processes."""
    known = truth()
    yield f"| the 95% interval holds the truth, of {sets:,} samples of | " + _heads(f"{rows:,} rows" for rows in sizes)
    yield "| --- |" + " ---: |" * len(sizes)
    by_size = [list(run(partial(covered, rows, resamples, known), range(sets))) for rows in sizes]
    for name, value in known.items():
        yield f"| {name} ({value:.3f}) | " + _heads(f"{np.mean([one[name] for one in found]):.1%}" for found in by_size)


def decisions(sets: int, resamples: int, run: Run, sizes: tuple[int, ...] = DECIDED) -> Iterator[str]:
    """The lines of the table of decisions; there are a quarter as many of the largest samples, to save time."""
    counts = [sets if rows < DECIDED[-1] else max(1, sets // 4) for rows in sizes]
    heads = (f"{count:,} of {rows:,} rows" for count, rows in zip(counts, sizes, strict=True))
    yield "| promoted under `test: superior`, `margin: 0`, of pairs of samples | " + _heads(heads)
    yield "| --- |" + " ---: |" * len(sizes)
    for words, gain in (("as good as the champion", 0.0), (f"whose ROC AUC is {AREA + GAIN}, not {AREA}", GAIN)):
        calls = (
            run(partial(promoted, rows, resamples, gain), range(count))
            for count, rows in zip(counts, sizes, strict=True)
        )
        yield f"| a candidate {words} | " + _heads(f"{np.mean(list(found)):.1%}" for found in calls)


def _heads(cells: Iterable[str]) -> str:
    return " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="put the table into docs/gate.md")
    options = parser.parse_args()
    lines, began = [], time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        run = partial(pool.map, chunksize=5)
        asked = (options.sets, options.resamples, run)
        for line in chain(coverage(*asked), [""], decisions(*asked)):
            lines.append(line)
            print(f"{time.perf_counter() - began:6.0f} s {line}", flush=True)
    if options.write:
        put(PAGE, "coverage", lines)


if __name__ == "__main__":
    main()
