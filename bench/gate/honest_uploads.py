"""`python -m bench.gate.honest_uploads [--write]`: how often sound uploads ask a person about overwritten rows.

A year of flights is uploaded by month, and by week with one week repeated in each upload, so that known keys occur.
Each upload runs a real training job under the spec of the flights, and the gate decides with the champion's recorded
metrics. Beside them stands an attack: the keys of an upload with the other labels. Writes the table into docs/split.md.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from bench.gate.tables import put
from examples.flights import data
from perennial.contract.model import ModelSpec
from perennial.contract.plan import ChampionFile, Origin, Plan
from perennial.gate.checks.overwrites import FALL, LABELS, RECORDED
from perennial.gate.decision import Decision, decide
from perennial.spec import load
from training.job import Paths
from training.train import train

PAGE = Path(__file__).parents[2] / "docs" / "split.md"
SPEC = Path(__file__).parents[2] / "models" / "flights.yaml"
SECRET = "SZ3cdQk0Yz_1a2b3"


@dataclass(frozen=True)
class Champion:
    """The folder of a model, its version, and its metrics as the ledger would record them."""

    folder: Path
    version: str
    metrics: dict[str, Any]


class Replay:
    """Uploads one after another: a training of each, and the decision on it."""

    def __init__(self, spec: ModelSpec, folder: Path) -> None:
        self._spec, self._folder, self._count = spec, folder, 0
        self._champion: Champion | None = None

    def upload(self, window: Sequence[pl.DataFrame], stays: bool = True) -> Decision:
        """The decision on the newest of some datasets; a promoted candidate stays as the champion."""
        paths = Paths.of({"SAGEMAKER_BASE_DIR": str(self._folder / f"{self._count:03d}")})
        self._count += 1
        self._prepare(paths, window)
        with contextlib.redirect_stdout(io.StringIO()):
            digest = train(paths)
        evaluation = json.loads((paths.output / "evaluation.json").read_text())
        recorded = self._champion.metrics if self._champion else {}
        decision = decide({**evaluation, RECORDED: recorded}, self._spec.gate_checks())
        if decision.promote and stays:
            metrics = evaluation["candidate"]["metrics"]
            self._champion = Champion(paths.model, f"flights@{digest[:12]}", metrics)
        return decision

    def _prepare(self, paths: Paths, window: Sequence[pl.DataFrame]) -> None:
        names = tuple(f"ds-flights-{place:012x}" for place in range(len(window)))
        for name, rows in zip(names, window, strict=True):
            folder = paths.data / name
            folder.mkdir(parents=True)
            rows.write_parquet(folder / "rows.parquet")
        paths.plan.mkdir(parents=True)
        origin = Origin(datasets=names, newest=names[-1])
        plan = Plan.of(self._spec, "run-flights-000000000000", self._pack(paths.plan), origin)
        (paths.plan / "plan.json").write_text(json.dumps(replace(plan, secret=SECRET).to_json()))

    def _pack(self, folder: Path) -> ChampionFile | None:
        if self._champion is None:
            return None
        with tarfile.open(folder / "champion.tar.gz", "w:gz", compresslevel=1) as archive:
            for path in sorted(self._champion.folder.iterdir()):
                archive.add(path, path.name)
        return ChampionFile(self._champion.version, "champion.tar.gz")


@dataclass(frozen=True)
class Asked:
    """The number of uploads of a kind, and of those for which a person was asked about overwritten rows."""

    uploads: int = 0
    asked: int = 0

    def with_one(self, decision: Decision) -> Asked:
        """One upload more."""
        asked = any(check.name in (LABELS, FALL) and check.verdict == "unsure" for check in decision.checks)
        return Asked(self.uploads + 1, self.asked + asked)


def by_month(flights: pl.DataFrame) -> list[pl.DataFrame]:
    """Each month once."""
    return [flights.filter(pl.col("month") == month) for month in range(1, 13)]


def by_week(flights: pl.DataFrame) -> list[pl.DataFrame]:
    """Two weeks in each upload: the one before and a new one."""
    weeks = (flights["time_hour"].dt.ordinal_day() - 1) // 7
    return [flights.filter((weeks == week) | (weeks == week - 1)) for week in range(1, 52)]


def replay(spec: ModelSpec, uploads: Sequence[pl.DataFrame], folder: Path, attacks: int) -> tuple[Asked, Asked]:
    """The sound uploads, and attacks on the first champions: the newest upload again, with the other labels."""
    sound, attacked, loop = Asked(), Asked(), Replay(spec, folder)
    for place in range(len(uploads)):
        window = uploads[max(0, place - spec.training.window + 1) : place + 1]
        sound = sound.with_one(loop.upload(window))
        if place < attacks:
            flipped = window[-1].with_columns(~pl.col(spec.target))
            attacked = attacked.with_one(loop.upload([*window, flipped][-spec.training.window :], stays=False))
    return sound, attacked


def table(found: dict[str, tuple[Asked, Asked]]) -> list[str]:
    """The lines of the Markdown table."""
    lines = [
        "| a year of flights | sound uploads that ask | the same keys with the other labels |",
        "| --- | ---: | ---: |",
    ]
    return lines + [
        f"| {name} | {sound.asked} of {sound.uploads} | {attacked.asked} of {attacked.uploads} |"
        for name, (sound, attacked) in found.items()
    ]


def main() -> None:
    """Measures, prints, and writes the page with --write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/split.md")
    write = parser.parse_args().write
    spec = load(SPEC)
    moment = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
    flights = data.read().with_columns(moment)
    with tempfile.TemporaryDirectory() as folder:
        months = replay(spec, by_month(flights), Path(folder) / "months", 3)
        weeks = replay(spec, by_week(flights), Path(folder) / "weeks", 3)
    lines = table({"by month": months, "by week, the week before again": weeks})
    print("\n".join(lines))
    if write:
        put(PAGE, "honest", lines)


if __name__ == "__main__":
    main()
