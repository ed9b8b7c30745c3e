"""The model now serving, asked about the rows the candidate is judged by.

It comes as an archive and answers in a process of its own, by the code it was saved with, so that neither a change of
our code nor a broken archive can end a training. Where it cannot be asked, the reason goes on record.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training import archive, artifact
from training.columns import Column
from training.plan import ChampionFile, Plan
from training.tables import to_arrow

_MOST_SECONDS = 900


class UnscorableError(Exception):
    """The champion cannot be asked about these rows; the message says why."""


class Champion:
    """A champion at work: started before the candidate is fitted, asked for its answers after."""

    def __init__(self, manifest: Mapping[str, Any], process: subprocess.Popen[str], answers: Path) -> None:
        self.classes = list(manifest["classes"] or ())
        self.threshold = manifest.get("threshold")
        self._process, self._answers = process, answers

    @classmethod
    def start(cls, plan: Plan, file: Path, rows: pd.DataFrame, folder: Path) -> Champion:
        """Check the archive and start scoring the rows; `folder` is for what that needs. Raises UnscorableError."""
        assert plan.champion is not None
        model = folder / "champion"
        try:
            archive.unpack(file, model)
            # Before anything of it is run: it is the model that the plan names, and whole.
            manifest = artifact.verify(model, _digits(plan.champion))
        except (archive.ArchiveError, artifact.ArtifactError) as error:
            raise UnscorableError(f"its archive is not usable: {error}") from error
        columns = _columns(plan, manifest)
        pq.write_table(to_arrow(rows, columns), folder / "rows.parquet")
        answers = folder / "answers.parquet"
        command = ["-P", "-m", "training.score", str(model), str(folder / "rows.parquet"), str(answers)]
        environment = {**os.environ, "PYTHONPATH": str(model / "code"), "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            [sys.executable, *command], env=environment, cwd=folder, stderr=subprocess.PIPE, text=True
        )
        return cls(manifest, process, answers)

    def finish(self) -> NDArray[np.float64]:
        """What it said: (n,) probabilities or numbers, (n, K) for multiclass. Raises UnscorableError."""
        try:
            _, errors = self._process.communicate(timeout=_MOST_SECONDS)
        except subprocess.TimeoutExpired:
            self.stop()
            raise UnscorableError(f"it did not answer within {_MOST_SECONDS} seconds") from None
        if self._process.returncode:
            last = (errors.strip().splitlines() or ["no message"])[-1]
            raise UnscorableError(f"it failed on these rows: {last[:300]}")
        values: NDArray[np.float64] = pq.read_table(self._answers).to_pandas().to_numpy(dtype=np.float64)
        if not np.isfinite(values).all():
            raise UnscorableError("its answers are not all finite numbers")
        return values[:, 0] if values.shape[1] == 1 else values

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()


def _digits(champion: ChampionFile) -> str:
    digits = champion.version.partition("@")[2]
    if not digits:
        raise UnscorableError(f"'{champion.version}' is no version id; expected MODEL@<12 hex digits>")
    return digits


def _columns(plan: Plan, manifest: Mapping[str, Any]) -> list[Column]:
    """The champion's features as the plan declares them. Raises UnscorableError where it answers another question."""
    for name, ours in (("problem", plan.problem), ("target", plan.target), ("target_type", plan.target_column.type)):
        if manifest[name] != ours:
            raise UnscorableError(f"its {name} is {manifest[name]}, now it is {ours}")
    declared = {column.name: column for column in plan.columns}
    for feature in manifest["features"]:
        now = declared.get(feature["name"])
        if now is None:
            raise UnscorableError(f"it needs the column '{feature['name']}', which is no longer declared")
        if now.type != feature["type"]:
            raise UnscorableError(f"it knows '{now.name}' as {feature['type']}, now it is {now.type}")
    return [declared[feature["name"]] for feature in manifest["features"]]
