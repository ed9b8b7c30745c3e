"""A model loaded from its folder, with the fitted pipeline: verified first, then unpickled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from perennial.contract.columns import Column, declared
from perennial.contract.values import read
from training import artifact, quantile
from training.columns import frame
from training.predictions import Predictions, check_golden, predicted, read_golden


@dataclass(frozen=True)
class Model:
    """A fitted pipeline and the manifest with its input and output."""

    folder: Path
    manifest: Mapping[str, Any]
    pipeline: Any
    features: Mapping[str, Column]

    @classmethod
    def load(cls, folder: Path, digest: str | None = None) -> Model:
        """Checks digests and versions, then loads. Raises ArtifactError; nothing is unpickled before that."""
        manifest = artifact.verify(folder, digest)
        artifact.check_versions(manifest)
        return cls.unpickled(folder, manifest)

    @classmethod
    def unpickled(cls, folder: Path, manifest: Mapping[str, Any]) -> Model:
        """Unpickles a model that was verified before."""
        features = declared(manifest["features"])
        return cls(folder, manifest, joblib.load(folder / "model.joblib"), features)

    @property
    def digest(self) -> str:
        """The model's digest, 64 hex digits."""
        return str(self.manifest["digest"])

    def predict(self, rows: pd.DataFrame) -> Predictions:
        """Predictions for a typed frame that holds the features; other columns are ignored."""
        return predicted(self.manifest, self.values(rows))

    def values(self, rows: pd.DataFrame) -> Any:
        """The positive's probability or a number (n,), or probabilities (n, K).

        Of a regression by quantiles with an interval the number and its two ends, (n, 3).
        """
        rows = rows[list(self.features)]
        if (self.manifest.get("interval") or {}).get("quantiles"):
            return quantile.answers(self.pipeline, rows)
        if self.manifest["problem"] == "regression":
            return np.asarray(self.pipeline.predict(rows), dtype=np.float64)
        probabilities = np.asarray(self.pipeline.predict_proba(rows), dtype=np.float64)
        return probabilities[:, 1] if self.manifest["problem"] == "binary" else probabilities

    def check_golden(self) -> int:
        """Reproduces golden.json. Returns the number of rows; raises ArtifactError if a prediction differs."""
        then = read_golden(self.folder)
        columns = {name: replace(column, nullable=True) for name, column in self.features.items()}
        values = {name: [read(row[name], column, ()) for row in then["rows"]] for name, column in columns.items()}
        return check_golden(self.predict(frame(columns, values)), then)
