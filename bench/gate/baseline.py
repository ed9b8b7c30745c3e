"""`python -m bench.gate.baseline [--write]`: first models without signal that the gate promotes.

Writes the table into docs/gate.md. The scores of a model are independent of the true values; intervals and decisions
come from the gate's own code, `evaluate` and `decide`, with the confidence of the training job.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.gate.coverage import PAGE, Run, Scores
from bench.gate.populations import Binormal
from bench.gate.tables import put
from perennial.contract.gate import Gate
from perennial.gate.decision import decide
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.evaluation import Outcomes, Regression, evaluate
from training.baseline import CONFIDENCE

SIZES = (60, 200, 1_000)
NOISE = 0.1  # of a regression's predictions around the constant, in standard deviations of the target


def binary(rows: int, rng: np.random.Generator) -> tuple[Outcomes, Outcomes]:
    """A model with random scores and the constant answer; one row in five is positive."""
    actual, scores = Binormal(0.0).drawn(rows, rng)
    return Scores(actual, scores), Scores(actual, np.full(rows, 0.2))


def regression(rows: int, rng: np.random.Generator) -> tuple[Outcomes, Outcomes]:
    """A model that adds noise to the constant answer, and the constant answer."""
    actual = rng.laplace(0, 0.5**0.5, rows)
    return Regression(actual, rng.normal(0, NOISE, rows)), Regression(actual, np.zeros(rows))


KINDS = {"binary, by roc_auc": (binary, "roc_auc"), "regression, by r2": (regression, "r2")}


def promoted(kind: str, rows: int, resamples: int, number: int) -> bool:
    """True if the first model of that number is promoted; its seed is (rows, number)."""
    make, metric = KINDS[kind]
    candidate, constant = make(rows, np.random.default_rng((rows, number)))
    if candidate.points()[metric] <= constant.points()[metric]:
        return False  # an interval holds its value, so its lower end is not above 0
    found = evaluate(candidate, constant, CONFIDENCE, Resamples(rows, resamples, number))
    assert found.champion is not None
    evaluation: dict[str, Any] = {
        "format": 2,
        "problem": candidate.problem,
        "rows": {"held_out": rows, **_sides(candidate)},
        "candidate": {"digest": "candidate", "metrics": found.candidate.metrics},
        "champion": None,
        "baseline": {"metric": metric, "difference": found.difference[metric]},
    }
    return decide(evaluation, Gate(metric)).promote


def _sides(candidate: Outcomes) -> dict[str, int]:
    if not isinstance(candidate, Scores):
        return {}
    return {"positives": candidate.positives, "negatives": candidate.rows - candidate.positives}


def table(sets: int, resamples: int, run: Run, sizes: tuple[int, ...] = SIZES) -> Iterator[str]:
    """The lines of the table. `run` is `map`, or one over processes."""
    heads = " | ".join(f"{rows:,} rows" for rows in sizes)
    yield f"| promoted, of {sets:,} first models without signal, with held-out rows | {heads} |"
    yield "| --- |" + " ---: |" * len(sizes)
    for kind in KINDS:
        counts = (sum(run(partial(promoted, kind, rows, resamples), range(sets))) for rows in sizes)
        yield f"| {kind} | " + " | ".join(f"{count}" for count in counts) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help="put the table into docs/gate.md")
    wanted = parser.parse_args()
    with ProcessPoolExecutor(os.cpu_count()) as pool:

        def run(work: Any, numbers: Iterable[int]) -> Iterable[Any]:
            return pool.map(work, numbers, chunksize=20)

        lines = list(table(wanted.sets, wanted.resamples, run))
    print("\n".join(lines))
    if wanted.write:
        put(Path(PAGE), "baseline", lines)


if __name__ == "__main__":
    main()
