"""`python -m bench.wide [--only TABLE] [--write]`: wide and tall tables through all stages, into docs/scale.md.

Each stage is a process of its own: the command `init` and `check`, the validation of the worker, the training job,
the bodies of the golden rows, and the report. Their seconds and their peaks are the kernel's.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import load, machine
from bench.processes import ROOT, Bounds, RunError, watch

FOLDER = ROOT / "build" / "bench" / "wide"
RESULTS = ROOT / "bench" / "results" / "wide.json"
PAGE = ROOT / "docs" / "scale.md"
BEGIN, END = "<!-- wide: written by `python -m bench.wide --write` -->", "<!-- end of wide -->"
MODEL = "wide"
TARGET = "target"
RUN = "run-wide-000000000000"
_BUSY = 0.5
STAGES = ("init", "check", "validate", "train", "golden", "report")


@dataclass(frozen=True)
class Size:
    """A table: its rows, its columns and the format of its file."""

    rows: int
    columns: int
    kind: str = "csv"

    @property
    def name(self) -> str:
        """Its name in results, such as 500x2000.csv."""
        return f"{self.rows}x{self.columns}.{self.kind}"

    @property
    def folder(self) -> Path:
        return FOLDER / self.name.replace(".", "-")

    @property
    def file(self) -> Path:
        return FOLDER / self.name


SIZES = (Size(500, 2_000), Size(100_000, 500), Size(5_000_000, 12), Size(5_000_000, 12, "parquet"))


def main() -> int:
    """Exits with 1 if a stage failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.wide", description=__doc__)
    parser.add_argument("--only", choices=[size.name for size in SIZES], action="append", default=[])
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} and {PAGE.name}")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=STAGES, help="these alone, in their order")
    parser.add_argument("--stage", nargs=2, metavar=("STAGE", "TABLE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stage:
        stage, name = arguments.stage
        size = next(size for size in SIZES if size.name == name)
        (size.folder / f"{stage}.json").write_text(json.dumps(_WORK[stage](size)))
        return 0
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"tables": {}}
    results["machine"] = machine()
    for size in SIZES:
        if not arguments.only or size.name in arguments.only:
            found = results["tables"].setdefault(size.name, {})
            found.update(_measure(size, arguments.stages))
            if arguments.write:  # after each table, so that a stopped run has what it measured
                RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
                write(results)
    print(table(results))
    return int(any("failed" in stage for stages in results["tables"].values() for stage in stages.values()))


def _measure(size: Size, stages: Sequence[str]) -> dict[str, Any]:
    """The seconds and the peak of each stage, with what it says of itself; a stage that fails ends the table's turn.

    `load` is that of the machine before the stage, by core: above 0.5 its seconds are more than on an idle one.
    """
    size.folder.mkdir(parents=True, exist_ok=True)
    if not size.file.exists():
        watch([sys.executable, "-m", "bench.wide", "--stage", "make", size.name])
    found: dict[str, Any] = {}
    for stage in stages:
        busy = round(load() / (os.cpu_count() or 1), 1)
        print(f"{size.name}: {stage}", file=sys.stderr, flush=True)
        (size.folder / f"{stage}.json").unlink(missing_ok=True)
        try:
            run = watch([sys.executable, "-m", "bench.wide", "--stage", stage, size.name], Bounds(tree=True))
        except RunError as error:
            found[stage] = {"failed": str(error).splitlines()[-1]}
            break
        told = json.loads((size.folder / f"{stage}.json").read_text())
        found[stage] = {"seconds": round(run.wall, 2), "cpu": round(run.cpu, 2), "peak_mb": run.peak >> 20,
                        "load": busy, **told}  # fmt: skip
    return found


def _make(size: Size) -> dict[str, Any]:
    """Numbers, whole numbers, categories and booleans in turn; the first two columns decide the target."""
    import numpy as np
    import polars as pl

    chance = np.random.default_rng(size.columns)
    columns: dict[str, Any] = {}
    for place in range(size.columns - 1):
        kind = place % 10
        columns[f"column_{place:04d}"] = (
            np.round(chance.normal(size=size.rows), 4) if kind < 7
            else chance.integers(0, 1000, size.rows) if kind == 7
            else chance.choice(["red", "green", "blue", "grey"], size.rows) if kind == 8
            else chance.random(size.rows) < 0.3
        )  # fmt: skip
    score = columns["column_0000"] + columns["column_0001"] + chance.normal(0, 0.5, size.rows)
    frame = pl.DataFrame({**columns, TARGET: score > 0})
    if size.kind == "parquet":
        frame.write_parquet(size.file)
    else:
        frame.write_csv(size.file)
    return {}


def _command(*words: str) -> None:
    """Runs the command in this process."""
    from cli.main import main as command

    sys.argv = ["perennial", *words]
    try:
        command()
    except SystemExit as ended:
        if ended.code:
            raise


def _init(size: Size) -> dict[str, Any]:
    spec = size.folder / "models" / f"{MODEL}.yaml"
    spec.unlink(missing_ok=True)
    card = ["--origin", "made", "--licence", "CC0-1.0", "--terms", "any", "--personal-data", "none"]
    _command("init", str(size.file), "--target", TARGET, "--model", MODEL, "--out", str(spec.parent), *card)
    return {}


def _check(size: Size) -> dict[str, Any]:
    from cli import project

    project.models = lambda: size.folder / "models"
    _command("check", str(size.file), "--model", MODEL)
    return {}


def _spec(size: Size) -> Any:
    from perennial.spec import parse

    return parse((size.folder / "models" / f"{MODEL}.yaml").read_text(encoding="utf-8"))


def _validate(size: Size) -> dict[str, Any]:
    """As the plan and the worker: a grid from a sample, then one pass that writes rows and profile."""
    from functions.validation.plan import SAMPLE_ROWS
    from perennial import profile as profiles
    from perennial.validation import inspect, sample

    contract = _spec(size).contract()
    grid = profiles.freeze(sample(size.file, contract, SAMPLE_ROWS), contract)
    found = inspect(size.file, contract, size.folder / "validated", grid)
    if found.profile is None or not found.verdict.accepted:
        raise SystemExit(f"refused: {found.verdict.problems[:1]}")
    text = json.dumps(found.profile.as_dict(), separators=(",", ":"))
    (size.folder / "profile.json").write_text(text)
    return {"profile_mb": round(len(text) / 1e6, 2)}


def _train(size: Size) -> dict[str, Any]:
    """As the container: the plan and the accepted rows in SageMaker's folders."""
    import shutil

    from perennial.contract.plan import Origin, Plan
    from training.job import Paths
    from training.train import train

    base = size.folder / "ml"
    shutil.rmtree(base, ignore_errors=True)
    paths = Paths.of({"SAGEMAKER_BASE_DIR": str(base)})
    for folder in (paths.data, paths.plan):
        folder.mkdir(parents=True)
    (paths.data / "00000.parquet").symlink_to(size.folder / "validated" / "rows.parquet")
    dataset = "ds-wide-000000000000"
    origin = Origin(datasets=(dataset,), newest=dataset, code_digest="0" * 64, spec_digest="1" * 64, created_at="2026")
    plan = Plan.of(_spec(size), RUN, None, origin)
    (paths.plan / "plan.json").write_text(json.dumps(plan.to_json()))
    train(paths)
    model = sum(path.stat().st_size for path in paths.model.rglob("*") if path.is_file())
    return {"model_mb": round(model / 1e6, 2)}


def _golden(size: Size) -> dict[str, Any]:
    """The bodies in which the golden rows are sent."""
    from functions.release.golden import parts

    rows = json.loads((size.folder / "ml" / "model" / "golden.json").read_text())
    sizes = [len(part.body) for part in parts(rows)]
    return {"bodies": len(sizes), "largest_mb": round(max(sizes) / 1e6, 2)}


def _report(size: Size) -> dict[str, Any]:
    from datetime import UTC, datetime

    from perennial.drift import compare
    from perennial.profile import Profile
    from perennial.records import Run
    from perennial.reports import page, run_contents, to_json
    from perennial.reports.report_data import ReportData

    profile = Profile.from_dict(json.loads((size.folder / "profile.json").read_text()))
    evaluation = json.loads((size.folder / "ml" / "output" / "data" / "evaluation.json").read_text())
    run = Run(
        id=RUN, model=MODEL, dataset="ds-wide-000000000000", trigger="upload", spec_digest="1" * 64, token=1,
        state="refused", started_at=datetime(2026, 11, 27, tzinfo=UTC),
    )  # fmt: skip
    spec = _spec(size)
    drift = compare(profile, profile, spec.drift).as_dict()
    contents = run_contents(
        ReportData(run=run, spec=spec.to_json(), drift=drift, profile=profile, reference=profile, evaluation=evaluation)
    )
    return {"page_mb": round(len(page(contents)) / 1e6, 2), "document_mb": round(len(to_json(contents)) / 1e6, 2)}


_WORK: Mapping[str, Callable[[Size], dict[str, Any]]] = {
    "make": _make, "init": _init, "check": _check, "validate": _validate, "train": _train, "golden": _golden,
    "report": _report,
}  # fmt: skip


def table(results: Mapping[str, Any]) -> str:
    """The Markdown table: seconds and peak of each stage."""
    lines = ["| rows x columns | " + " | ".join(STAGES) + " |", "| --- |" + " --- |" * len(STAGES)]
    for name, stages in results["tables"].items():
        cells = [_cell(stages.get(stage)) for stage in STAGES]
        rows, rest = name.split("x")
        columns, kind = rest.split(".")
        lines.append(f"| {int(rows):,} x {int(columns):,}, {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(stage: Mapping[str, Any] | None) -> str:
    if stage is None:
        return "-"
    if "failed" in stage:
        return str(stage["failed"])
    facts = {"profile_mb": "profile {} MB", "model_mb": "model {} MB", "bodies": "{} bodies", "page_mb": "page {} MB"}
    told = [words.format(stage[name]) for name, words in facts.items() if name in stage]
    # processor time where others had the machine: it does not grow with their work
    busy = stage["load"] > _BUSY
    seconds = f"{stage['cpu']:.1f} s of processor" if busy else f"{stage['seconds']:.1f} s"
    return ", ".join([seconds, f"{stage['peak_mb']:,} MB", *told])


def write(results: Mapping[str, Any]) -> None:
    """Writes the table between its marks in docs/scale.md."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table(results)}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
