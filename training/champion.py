"""Predictions of the champion for the held-out rows of the candidate, and for the rows of a new dataset.

The champion is an archive and predicts with the code it was saved with: in this process if that code is the running
code, else in a process of its own, so that a change of the code does not change its predictions. A champion with a
team's own estimator always has a process of its own. If it cannot predict, the reason is recorded and the training
continues.

A champion that was fitted again on all rows after judging has seen held-out rows. Its archive also holds the model that
was judged, in the folder `judged`, and that one predicts the held-out rows.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from perennial.contract.columns import Column
from perennial.contract.plan import ChampionFile, Plan
from perennial.unpacking import UnpackError, unpack
from training import artifact
from training.artifact import JUDGED
from training.isolation import process
from training.isolation.pipeline import is_own
from training.job import TrainingError
from training.model import Model
from training.tables import to_arrow

_MOST_SECONDS = 900
_CODE = "code/"
Floats = NDArray[np.float64]


class UnscorableError(Exception):
    """The champion cannot predict these rows; the message states the reason."""


class Answering(Protocol):
    """A champion that is predicting."""

    def finish(self) -> Floats:
        """Waits for its predictions and returns them."""

    def stop(self) -> None:
        """Stops it and leaves no process or file."""


class Champion:
    """A champion that predicts while the candidate is fitted: the held-out rows, then the rows of a new dataset."""

    def __init__(self, plan: Plan, file: Path, folder: Path, code: Path) -> None:
        """Checks the archive. `folder` is for its files, `code` the running code. Raises UnscorableError."""
        assert plan.champion is not None
        self._model, self._scratch = folder / "champion", folder
        try:
            _check_archive(file, plan.champion.sha256)
            unpack(file, self._model)
            # Before any code of the archive runs: the archive is complete and holds the model that the plan names.
            self.manifest = artifact.verify(self._model, _digits(plan.champion))
            refitted = (self._model / JUDGED).is_dir()
            judged = artifact.verify(self._model / JUDGED) if refitted else self.manifest
        except (UnpackError, artifact.ArtifactError) as error:
            raise UnscorableError(f"its archive is not usable: {error}") from error
        self.classes = list(judged["classes"] or ())
        self.threshold: float | None = judged.get("threshold")
        #: the judged model: an amended candidate grows from it, for the served one may have seen held-out rows
        self.folder = self._model / JUDGED if refitted else self._model
        self._columns = _columns(plan, self.manifest)
        ours = _runs_our_code(self.manifest, code) and not is_own(self.manifest["estimator"])
        self._code = None if ours else self._model / "code"
        self._digits = _digits(plan.champion)
        self._works: list[Answering] = []

    @property
    def datasets(self) -> tuple[str, ...]:
        """The ids of the datasets that it was trained on."""
        return tuple(self.manifest.get("datasets", ()))

    def verified(self) -> Path:
        """The folder of the judged model, whose files are checked again: another process may have changed them.

        Raises TrainingError.
        """
        try:
            artifact.verify(self._model, self._digits)
        except artifact.ArtifactError as error:
            raise TrainingError(
                f"The champion's files changed while it predicted: {error}. Read the estimator in its archive."
            ) from error
        return self.folder

    def start(self, held_out: pd.DataFrame, fresh: pd.DataFrame) -> None:
        """Starts the prediction of the held-out rows by the judged model, of fresh rows by the served one."""
        process.share(self._scratch)
        self._works = [self._work(self.folder, held_out, "held-out")]
        if len(fresh):
            self._works.append(self._work(self._model, fresh, "fresh"))

    def _work(self, model: Path, rows: pd.DataFrame, name: str) -> Answering:
        if self._code is None:
            return _InThisProcess(model, rows)
        return _InItsOwnProcess(model, self._code, to_arrow(rows, self._columns), self._scratch / name)

    def finish(self) -> list[Floats]:
        """Its predictions, of held-out rows first: (n,) probabilities or numbers, (n, K) for multiclass.

        Raises UnscorableError.
        """
        found = [work.finish() for work in self._works]
        if not all(np.isfinite(values).all() for values in found):
            raise UnscorableError("its answers are not all finite numbers")
        return found

    def stop(self) -> None:
        """Stops it in any state."""
        for work in self._works:
            work.stop()


class _InThisProcess:
    def __init__(self, model: Path, rows: pd.DataFrame) -> None:
        self._model, self._rows = model, rows

    def finish(self) -> Floats:
        try:
            model = Model.load(self._model)
            model.check_golden()
            return model.predict(self._rows).values
        except Exception as error:
            raise UnscorableError(f"it failed on these rows: {type(error).__name__}: {error}") from error

    def stop(self) -> None:
        pass


class _InItsOwnProcess:
    def __init__(self, model: Path, code: Path, rows: pa.Table, folder: Path) -> None:
        folder.mkdir()
        self._answers, self._count = folder / "answers.parquet", len(rows)
        pq.write_table(rows, folder / "rows.parquet")
        command = ["-m", "training.score", str(model), str(folder / "rows.parquet"), str(self._answers)]
        self._process = process.start(command, folder, [str(code)], stdout=2, stderr=subprocess.PIPE)

    def finish(self) -> Floats:
        try:
            _, errors = self._process.communicate(timeout=_MOST_SECONDS)
        except subprocess.TimeoutExpired:
            raise UnscorableError(f"it did not answer within {_MOST_SECONDS} seconds") from None
        process.stop(self._process)  # what it has started, too
        if self._process.returncode:
            last = (errors.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
            raise UnscorableError(f"it failed on these rows: {last[:300]}")
        values: Floats = pq.read_table(self._answers).to_pandas().to_numpy(dtype=np.float64)
        if len(values) != self._count:
            raise UnscorableError(f"it gave {len(values)} answers for {self._count} rows")
        return values[:, 0] if values.shape[1] == 1 else values

    def stop(self) -> None:
        process.stop(self._process)
        if self._process.stderr:
            self._process.stderr.close()


def _runs_our_code(manifest: Mapping[str, Any], code: Path) -> bool:
    """True if every file it was saved with equals the running one."""
    for name, sha256 in manifest["files"].items():
        if name.startswith(_CODE):
            ours = code / name.removeprefix(_CODE)
            if not ours.is_file() or hashlib.sha256(ours.read_bytes()).hexdigest() != sha256:
                return False
    return True


def _check_archive(file: Path, sha256: str) -> None:
    """Raises UnscorableError for another file than the one that was registered; '' is of an older plan."""
    with file.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if sha256 and found != sha256:
        raise UnscorableError(
            f"its archive was changed since it was registered: its SHA-256 is {found[:12]}, not {sha256[:12]}"
        )


def _digits(champion: ChampionFile) -> str:
    digits = champion.version.partition("@")[2]
    if not digits:
        raise UnscorableError(f"'{champion.version}' is no version id; expected MODEL@<12 hex digits>")
    return digits


def _columns(plan: Plan, manifest: Mapping[str, Any]) -> dict[str, Column]:
    """The champion's features as the plan declares them. Raises UnscorableError if its target or classes differ."""
    for name, ours in (("problem", plan.problem), ("target", plan.target), ("target_type", plan.target_column.type)):
        if manifest[name] != ours:
            raise UnscorableError(f"its {name} is {manifest[name]}, now it is {ours}")
    for feature in manifest["features"]:
        now = plan.columns.get(feature["name"])
        if now is None:
            raise UnscorableError(f"it needs the column '{feature['name']}', which is no longer declared")
        if now.type != feature["type"]:
            raise UnscorableError(f"its feature '{feature['name']}' is {feature['type']}, now it is {now.type}")
    return {feature["name"]: plan.columns[feature["name"]] for feature in manifest["features"]}
