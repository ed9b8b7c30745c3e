"""Uploads one after another: a real training job for each, and the gate's decision with the champion's metrics."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from perennial.contract.model import ModelSpec
from perennial.contract.plan import ChampionFile, Origin, Plan
from perennial.gate.checks.overwrites import RECORDED
from perennial.gate.decision import Decision, decide
from training.job import Paths
from training.train import train

SECRET = "SZ3cdQk0Yz_1a2b3"


@dataclass(frozen=True)
class Champion:
    """The folder of a model, its version, and its metrics as the ledger would record them."""

    folder: Path
    version: str
    metrics: dict[str, Any]


class Replay:
    """The uploads of one model. Raises TrainingError for an upload that a training job refuses."""

    def __init__(self, spec: ModelSpec, folder: Path) -> None:
        self._spec, self._folder, self._count = spec, folder, 0
        self._champion: Champion | None = None

    def upload(self, window: Sequence[pl.DataFrame], stays: bool = True) -> Decision:
        """The decision on the newest of some datasets; a promoted candidate stays as the champion."""
        base = self._folder / f"{self._count:03d}"
        paths = Paths.of({"SAGEMAKER_BASE_DIR": str(base)})
        self._count += 1
        self._prepare(paths, window)
        with contextlib.redirect_stdout(io.StringIO()):
            digest = train(paths)
        evaluation = json.loads((paths.output / "evaluation.json").read_text())
        recorded = self._champion.metrics if self._champion else {}
        decision = decide({**evaluation, RECORDED: recorded}, self._spec.gate_checks())
        shutil.rmtree(paths.data)
        if decision.promote and stays:
            metrics = evaluation["candidate"]["metrics"]
            self._champion = Champion(paths.model, f"{self._spec.name}@{digest[:12]}", metrics)
        return decision

    def _prepare(self, paths: Paths, window: Sequence[pl.DataFrame]) -> None:
        model = self._spec.name
        names = tuple(f"ds-{model}-{place:012x}" for place in range(len(window)))
        for name, rows in zip(names, window, strict=True):
            folder = paths.data / name
            folder.mkdir(parents=True)
            rows.write_parquet(folder / "rows.parquet")
        paths.plan.mkdir(parents=True)
        origin = Origin(datasets=names, newest=names[-1])
        plan = Plan.of(self._spec, f"run-{model}-000000000000", self._pack(paths.plan), origin)
        (paths.plan / "plan.json").write_text(json.dumps(replace(plan, secret=SECRET).to_json()))

    def _pack(self, folder: Path) -> ChampionFile | None:
        if self._champion is None:
            return None
        with tarfile.open(folder / "champion.tar.gz", "w:gz", compresslevel=1) as archive:
            for path in sorted(self._champion.folder.iterdir()):
                archive.add(path, path.name)
        return ChampionFile(self._champion.version, "champion.tar.gz")
