"""One training job: plan and rows in, a model and its evaluation out. Runs in SageMaker's script mode, and anywhere.

Progress is one JSON object a line on stdout. After a mistake of the user it exits with 1 and writes a sentence to the
failure file, from which SageMaker takes the job's FailureReason.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

from perennial.contract.lifecycle import AUTO
from perennial.contract.plan import Plan
from training import (
    contest,
    estimators,
    evaluation,
    fitting,
    importance,
    importing,
    iterations,
    judging,
    leakage,
    rows,
    search,
    wheels,
)
from training.isolation import pipeline as isolation
from training.isolation import process
from training.job import Paths, TrainingError, print_place, read_plan, report, write_failure
from training.split import Split
from training.split import split as divide


def main() -> None:
    """The entry point. Exits with 1 after a failure."""
    paths = Paths.of(os.environ)
    try:
        train(paths)
    except TrainingError as error:
        if error.__cause__ is not None:
            print_place(error.__cause__)
        _fail(paths, str(error))
    except Exception as error:  # noqa: BLE001  (whatever it is, the reason must reach the failure file)
        print_place(error)
        _fail(paths, f"The training broke off: {type(error).__name__}. The job's log has the place.")


def train(paths: Paths) -> str:
    """Trains, evaluates and writes everything. Returns the model's digest. Raises TrainingError."""
    wheels.use(fitting.CODE)
    job = read_plan(paths.plan / "plan.json")
    process.close((paths.data, paths.plan, paths.model, paths.output), fitting.CODE)
    if isolation.is_own(job.estimator):
        isolation.process_of(fitting.CODE)  # it imports while the rows are read
    try:
        return _train(paths, job)
    finally:
        isolation.stop()


def _train(paths: Paths, job: Plan) -> str:
    report("started", run=job.run, model=job.model, estimator=job.estimator, datasets=job.origin.datasets)
    split = divide(rows.read(paths.data, job), job)
    report("read", train=len(split.train), held_out=len(split.held_out), near_duplicates=int(split.near.train.sum()))
    with threadpool_limits(estimators.threads(len(split.train))):
        return _trained(paths, job, split)


def _trained(paths: Paths, job: Plan, split: Split) -> str:
    """Fits, judges and writes. The libraries' threads are limited: on a busy machine they wait for each other."""
    with tempfile.TemporaryDirectory() as scratch:
        # The champion predicts in a process of its own while the candidate is fitted.
        rival = judging.Rival.start(job, paths.plan, split, Path(scratch))
        try:
            window = contest.without_memory(job, split)
            found = (search if job.estimator == AUTO else iterations).resolve(job, window)
            job = found.plan
            if job.imported is None:
                fitted = fitting.fit(job, window, paths.model, found.encodings)
            else:
                fitted = importing.take(job, window, paths.model, paths.plan)
            fitted, judged = contest.judge(job, split, fitted, rival, paths, Path(scratch))
        finally:
            rival.stop()
    about: dict[str, Any] = {
        "estimator": job.estimator,
        "parameters": dict(job.parameters),
        "fit_seconds": fitted.seconds,
    }
    about["importance"] = importance.measure(job, split, fitted.served)
    about["search"] = found.told
    about |= {name: fitted.model.manifest.get(name) for name in ("encodings", "interval", "imported")}
    isolation.stop()  # before the result is written
    about["leakage"] = leakage.measure(job, split)
    features = list(job.features)
    evaluation.write(paths.output / "evaluation.json", {**judged, **about, "features": features})
    metrics = {name: metric["value"] for name, metric in judged["candidate"]["metrics"].items()}
    report("finished", digest=fitted.served.digest, metrics=metrics)
    return fitted.served.digest


def _fail(paths: Paths, sentence: str) -> None:
    report("failed", reason=sentence)
    print(sentence, file=sys.stderr, flush=True)
    write_failure(paths.failure, sentence)
    sys.exit(1)
