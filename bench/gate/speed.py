"""`python -m bench.gate.speed [--write]`: the paired bootstrap beside the straightforward scikit-learn loop, one run.

Both compute the ROC AUC and the average precision of two models on the same resamples of 100,000 rows. Perennial
computes 1,000 replicates; the loop fewer, extrapolated. They alternate, so that other load on the machine affects both.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from bench.gate.tables import put
from bench.machine import load, machine
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.curves import Ranking

PAGE = Path(__file__).parents[2] / "docs" / "gate.md"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Models:
    """The true values of n rows and the scores of two models; one in five rows is positive."""

    actual: NDArray[np.bool_]
    scores: tuple[Floats, Floats]

    @classmethod
    def made(cls, rows: int, seed: int = 1) -> Models:
        """Two models with correlated errors, as a model and its successor have."""
        rng = np.random.default_rng(seed)
        actual = rng.random(rows) < 0.2
        seen = rng.normal(0, 1, rows) + 1.2 * actual
        one, other = (1 / (1 + np.exp(-(seen + rng.normal(0, noise, rows)))) for noise in (0.5, 0.6))
        return cls(actual, (one, other))

    def ours(self, resamples: Resamples, threads: int | None = None) -> Floats:
        """(count, 4): both areas of the first model, then of the second, sorting included."""
        rankings = [Ranking(self.actual, score) for score in self.scores]
        return resamples.replicate(
            lambda weights: np.column_stack([a for r in rankings for a in r.areas(weights)]), threads
        )

    def loop(self, resamples: Resamples, count: int) -> Floats:
        """The result of `ours` for the first `count` resamples by a loop: take the drawn rows, call scikit-learn."""
        found = []
        for number in range(count):
            rows = resamples.drawn(number)
            actual = self.actual[rows]
            drawn = [score[rows] for score in self.scores]
            areas = [(roc_auc_score(actual, score), average_precision_score(actual, score)) for score in drawn]
            found.append(np.ravel(areas))
        return np.array(found)


def turns(rows: int, count: int, of_loop: int, repeats: int) -> Iterator[tuple[float, float, float]]:
    """(seconds of ours, seconds of the loop for as many replicates, greatest difference), per round."""
    models, resamples = Models.made(rows), Resamples(rows, count, 7)
    for _ in range(repeats):
        began = time.perf_counter()
        ours = models.ours(resamples)
        halfway = time.perf_counter()
        theirs = models.loop(resamples, of_loop)
        took = time.perf_counter() - halfway
        yield halfway - began, took * count / of_loop, float(np.abs(ours[:of_loop] - theirs).max())


def table(rows: int, count: int, of_loop: int, repeats: int) -> list[str]:
    """The lines of the table: the median of the rounds."""
    measured = list(turns(rows, count, of_loop, repeats))
    ours, loop, apart = (np.array(column) for column in zip(*measured, strict=True))
    here = machine()
    return [
        f"| {count:,} paired replicates on {rows:,} rows | seconds | times ours |",
        "| --- | ---: | ---: |",
        f"| `Ranking.areas`, {os.cpu_count()} threads | {np.median(ours):.1f} | 1 |",
        f"| scikit-learn in a loop, {of_loop} replicates extrapolated | {np.median(loop):.0f} | "
        f"{np.median(loop / ours):.0f} |",
        "",
        f"Medians of {repeats} turns, {here['processor']}, {here['cores']} cores, load {load():.1f}; the ratio was "
        f"{(loop / ours).min():.0f} to {(loop / ours).max():.0f}. On the {of_loop} replicates that both did, the "
        f"metrics differ by at most {apart.max():.0e}.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--loop", type=int, default=40, help="replicates of the scikit-learn loop")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the table into docs/gate.md")
    options = parser.parse_args()
    lines = table(options.rows, options.replicates, options.loop, options.repeats)
    print("\n".join(lines), flush=True)
    if options.write:
        put(PAGE, "speed", lines)


if __name__ == "__main__":
    main()
