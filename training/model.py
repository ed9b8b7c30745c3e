"""A model loaded from its folder: verified first, then unpickled, then asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

import joblib
import numpy as np
import pandas as pd

from training import artifact
from training.artifact import ArtifactError
from training.columns import Column, frame
from training.predictions import Predictions
from training.values import read

# A pickle of one scikit-learn is not promised to mean the same in another.
_MUST_MATCH = ("scikit-learn",)
_RECORDED = ("scikit-learn", "numpy", "scipy", "pandas", "joblib")
TOLERANCE = 1e-9


def environment() -> dict[str, str]:
    """The versions that a model was made with."""
    return {"python": python_version(), **{name: metadata.version(name) for name in _RECORDED}}


@dataclass(frozen=True)
class Model:
    """A fitted pipeline and the manifest that says what goes in and what comes out."""

    folder: Path
    manifest: Mapping[str, Any]
    pipeline: Any
    features: tuple[Column, ...]

    @classmethod
    def load(cls, folder: Path, digest: str | None = None) -> Model:
        """Check digests and versions, then load. Raises ArtifactError; nothing is unpickled before the checks hold."""
        manifest = artifact.verify(folder, digest)
        here = environment()
        for name in _MUST_MATCH:
            made_with = manifest["versions"].get(name)
            if made_with != here[name]:
                raise ArtifactError(f"the model was made with {name} {made_with}, here is {here[name]}")
        features = tuple(Column(f["name"], f["type"], f["nullable"]) for f in manifest["features"])
        return cls(folder, manifest, joblib.load(folder / "model.joblib"), features)

    @property
    def digest(self) -> str:
        """64 hex digits."""
        return str(self.manifest["digest"])

    def predict(self, rows: pd.DataFrame) -> Predictions:
        """Predictions for a typed frame that holds the features; more columns do no harm."""
        problem, classes = self.manifest["problem"], tuple(self.manifest["classes"] or ())
        rows = rows[[column.name for column in self.features]]
        if problem == "regression":
            return Predictions(problem, (), np.asarray(self.pipeline.predict(rows), dtype=np.float64), None)
        probabilities = np.asarray(self.pipeline.predict_proba(rows), dtype=np.float64)
        if problem == "multiclass":
            return Predictions(problem, classes, probabilities, [classes[i] for i in probabilities.argmax(axis=1)])
        positive = probabilities[:, 1]
        said = (positive >= self.manifest["threshold"]).tolist()
        return Predictions(problem, classes, positive, [classes[int(yes)] for yes in said])

    def check_golden(self) -> int:
        """Say again what golden.json holds. Gives the number of rows; raises ArtifactError where an answer differs."""
        golden = json.loads((self.folder / "golden.json").read_text(encoding="utf-8"))
        columns = [replace(column, nullable=True) for column in self.features]
        values = {column.name: [read(row[column.name], column, ()) for row in golden["rows"]] for column in columns}
        said = self.predict(frame(columns, values)).entries()
        for index, (now, then) in enumerate(zip(said, golden["predictions"], strict=True)):
            if not _agree(now, then):
                raise ArtifactError(f"golden row {index} is answered {now}, offline it was {then}")
        return len(said)


def _agree(now: Any, then: Any) -> bool:
    if isinstance(then, dict):
        return isinstance(now, dict) and now.keys() == then.keys() and all(_agree(now[key], then[key]) for key in then)
    if isinstance(then, float):
        return isinstance(now, float | int) and abs(now - then) <= TOLERANCE * max(1.0, abs(then))
    return bool(now == then)
