"""`python -m bench.training [--write]`: a training job beside its own fits, into docs/benchmarks-training.md.

A job is a process: it reads typed rows, fits the model, fits one more for each fold of the threshold, and judges. The
seconds of the fits are those from its own events. What the job takes beyond them is the cost of the evidence.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import load, machine
from bench.processes import ROOT, Bounds, watch

FOLDER = ROOT / "build" / "bench" / "training"
RESULTS = ROOT / "bench" / "results" / "training.json"
PAGE = ROOT / "docs" / "benchmarks-training.md"
RUN = "run-flights-000000000000"
TURNS = 5
_BUSY = 0.5  # of load by core: seconds of a busier machine are not put on the page
#: the times of the flights of a month in each job; their departures are moved by whole years
SIZES = {"january": 1, "a million rows": 38}
WEATHER = ("temp", "pressure")
GOALS = {"january": 2.0, "a million rows": 1.5}


@dataclass(frozen=True)
class Job:
    """The folders of one job."""

    name: str

    @property
    def folder(self) -> Path:
        return FOLDER / self.name.replace(" ", "-")

    def make(self) -> None:
        """Writes plan and typed rows: January's flights, and copies of them a year apart whose weather differs."""
        import numpy as np
        import polars as pl

        from cli import project
        from examples.flights import month, read
        from perennial import layout
        from perennial.contract.plan import Origin, Plan
        from perennial.validation.inspection import inspect

        (self.folder / "plan").mkdir(parents=True, exist_ok=True)
        (self.folder / "data").mkdir(exist_ok=True)
        spec = project.spec("flights", project.training_hours())
        january, chance = month(read([1]), 1), np.random.default_rng(1)
        copies = [
            january.with_columns(
                pl.col("time_hour").str.replace("2013", str(2013 - year)),
                *(pl.col(name) + chance.uniform(0, 0.2, len(january)).round(2) for name in WEATHER if year),
            )
            for year in range(SIZES[self.name])
        ]
        file = self.folder / "rows.csv"
        pl.concat(copies).write_csv(file)
        verdict = inspect(file, spec.contract(), self.folder / "data").verdict
        assert verdict.accepted, verdict.sentence
        (self.folder / "data" / layout.QUARANTINED).unlink(missing_ok=True)
        dataset = "ds-flights-000000000000"
        origin = Origin(
            datasets=(dataset,), newest=dataset, spec_digest=spec.digest(), created_at="2026-01-01T00:00:00+00:00",
            event_time=spec.event_time,
        )  # fmt: skip
        plan = Plan.of(spec, RUN, None, origin, verdict.words)
        (self.folder / "plan" / "plan.json").write_text(json.dumps(plan.to_json()))

    def run(self) -> dict[str, Any]:
        """Runs the job in this process. The seconds of its fits, from its events."""
        seen = _Events()
        paths = {"DATA": "data", "PLAN": "plan"}
        os.environ |= {f"SM_CHANNEL_{name}": str(self.folder / folder) for name, folder in paths.items()}
        os.environ |= {"SM_MODEL_DIR": str(self.folder / "model"), "SM_OUTPUT_DATA_DIR": str(self.folder / "output")}
        sys.stdout = seen
        from training.train import main

        main()
        sys.stdout = sys.__stdout__
        return {
            "fits": seen.facts["fitted"]["seconds"] + seen.at["threshold chosen"] - seen.at["fitted"],
            "rows": seen.facts["read"]["train"] + seen.facts["read"]["held_out"],
        }


class _Events(io.TextIOBase):
    """A job's standard output: the facts of each event, and when it was written."""

    def __init__(self) -> None:
        self.facts: dict[str, dict[str, Any]] = {}
        self.at: dict[str, float] = {}

    def write(self, text: str) -> int:
        if text.startswith("{"):
            told = json.loads(text)
            self.facts[told["event"]], self.at[told["event"]] = told, time.perf_counter()
        return len(text)


def main() -> int:
    """Measures each job five times and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.training", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} and {PAGE.name}")
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--only", choices=list(SIZES), action="append", default=[])
    parser.add_argument("--do", nargs=2, metavar=("WORK", "JOB"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.do:
        work, job = arguments.do[0], Job(arguments.do[1])
        if work == "make":
            job.make()
        else:
            (job.folder / "run.json").write_text(json.dumps(job.run()))
        return 0
    results: dict[str, Any] = {"machine": machine(), "jobs": {}}
    for name in arguments.only or SIZES:
        results["jobs"][name] = _measured(Job(name), arguments.turns)
    text = page(results)
    print(text)
    if not arguments.write:
        return 0
    if any(job["load"] > _BUSY for job in results["jobs"].values()):
        print(f"the machine is busy: {PAGE.name} is not written", file=sys.stderr)
        return 1
    RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    PAGE.write_text(text)
    return 0


def _measured(job: Job, turns: int) -> dict[str, Any]:
    """Medians of the job's turns, each a process of its own, after one that does not count."""
    watch([sys.executable, "-m", "bench.training", "--do", "make", job.name])
    busy, found = round(load() / (os.cpu_count() or 1), 2), []
    for turn in range(turns + 1):
        print(f"{job.name}: {turn} of {turns}", file=sys.stderr, flush=True)
        run = watch([sys.executable, "-m", "bench.training", "--do", "run", job.name], Bounds(tree=True))
        told = json.loads((job.folder / "run.json").read_text())
        found.append({"seconds": run.wall, "cpu": run.cpu, "peak_mb": run.peak >> 20, "ratio": run.wall / told["fits"],
                      **told})  # fmt: skip
    counted = found[1:] or found
    medians = {name: round(statistics.median(each[name] for each in counted), 3) for name in counted[0]}
    return {**medians, "goal": GOALS[job.name], "load": busy}


def page(results: dict[str, Any]) -> str:
    """The page, from the results."""
    rows = [
        f"| {name} | {job['rows']:,.0f} | {job['seconds']:.2f} | {job['cpu']:.2f} | {job['fits']:.2f} | "
        f"{job['ratio']:.2f} | {job['goal']:g}{'' if job['ratio'] <= job['goal'] else ' (not met)'} | "
        f"{job['peak_mb']:,.0f} |"
        for name, job in results["jobs"].items()
    ]
    of = results["machine"]
    lines = [
        "# Benchmark of the training job",
        "",
        "Written by `python -m bench.training --write`; raw results in "
        "[bench/results/training.json](../bench/results/training.json).",
        "",
        "A job is a process, imports included. Its fits are that of the model and those of the threshold's folds. The "
        "ratio is job by fits:\nwhat the split, the evaluation with its intervals, the behaviour tests, the check of "
        "the fast path and the archive cost beside them.\nMedians of five turns.",
        "",
        "| job | rows | seconds | CPU seconds | seconds of the fits | ratio | asked, at most | peak, MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *rows,
        "",
        f"{of['cores']} cores ({of['processor']}), {of['memory']}, Python {of['python']}.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
