"""The model calls of every peer: the same fitted pipeline, rows as a pandas frame, predict_proba.

Like an inference script of a team: CSV by pandas' C reader with given types, JSON by json.loads.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
_TYPES = {"boolean": "boolean", "integer": "Int64", "number": "float64", "category": "object", "text": "object"}


class PipelineModel:
    """The pipeline and the names of its columns."""

    def __init__(self, folder: Path = FOLDER, pipeline: bool = True) -> None:
        sys.path.insert(0, str(folder / "code"))
        manifest = json.loads((folder / "manifest.json").read_text())
        self.names = [feature["name"] for feature in manifest["features"]]
        self.types = {feature["name"]: _TYPES[feature["type"]] for feature in manifest["features"]}
        if pipeline:
            import joblib

            self.pipeline = joblib.load(folder / "model.joblib")

    def frame(self, body: bytes | str, kind: str) -> Any:
        """A frame of CSV without a header, or of one row of JSON."""
        import pandas as pd

        if kind.startswith("text/csv"):
            text = body.decode() if isinstance(body, bytes) else body
            return pd.read_csv(io.StringIO(text), header=None, names=self.names, dtype=self.types)
        return self.typed([json.loads(body)])

    def typed(self, rows: list[dict[str, Any]]) -> Any:
        """A frame of rows as objects."""
        import pandas as pd

        return pd.DataFrame(rows, columns=self.names).astype(self.types)

    def predict(self, frame: Any) -> list[float]:
        """The positive's probability."""
        found: list[float] = self.pipeline.predict_proba(frame)[:, 1].tolist()
        return found
