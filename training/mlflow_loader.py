"""MLflow's entry to an exported model: `mlflow models serve` answers by the serving code in the model's archive.

This file lies in `code/` of the exported model; the archive lies unchanged in `data/`, so that its digests hold.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pandas as pd


class ExportedModel:
    """A python_function model. It reads rows as the endpoint does, and gives the endpoint's answers."""

    def __init__(self, folder: Path) -> None:
        """Loads the archive's folder. Raises ArtifactError if files or versions differ, or a golden row does."""
        sys.path.insert(0, str(folder / "code"))
        from training.served import Served

        self._model = Served(folder)
        self._model.check_golden()

    def predict(self, data: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """One row per row of `data`: label and probability, label and probabilities, or value.

        Raises PayloadError for rows that the endpoint refuses.
        """
        from perennial.contract import requests

        fields = self._model.schema.by_name
        columns = {
            name: [_json_value(value, name in fields and fields[name].kind == "integer") for value in data[name]]
            for name in map(str, data.columns)
        }
        body = json.dumps({"columns": columns}, allow_nan=False).encode()
        rows = requests.read(body, requests.JSON, {}, self._model.schema)
        return pd.DataFrame(self._model.answer(self._model.predict(rows)).entries())


def _json_value(value: Any, is_integer: bool) -> Any:
    """A cell of a DataFrame as a JSON value. A column of integers with missing values holds floats in pandas."""
    if value is None or pd.isna(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    plain = value.item() if hasattr(value, "item") else value
    return int(plain) if is_integer and isinstance(plain, float) and plain.is_integer() else plain


def _load_pyfunc(data_path: str) -> ExportedModel:
    """MLflow calls it with the path of `data/`."""
    return ExportedModel(Path(data_path))
