"""golden.json: held-out rows with what the model said of them offline, to be said again wherever it serves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from training.artifact import ArtifactError
from training.predictions import Predictions, agree

FILE = "golden.json"


def read(folder: Path) -> dict[str, Any]:
    """{"rows": [{feature: value}], "predictions": [entry]}"""
    return dict(json.loads((folder / FILE).read_text(encoding="utf-8")))


def check(now: Predictions, golden: dict[str, Any]) -> int:
    """How many answers are what they were. Raises ArtifactError for the first that is not."""
    entries = now.entries()
    for index, (answer, then) in enumerate(zip(entries, golden["predictions"], strict=True)):
        if not agree(answer, then):
            raise ArtifactError(f"golden row {index} is answered {answer}, offline it was {then}")
    return len(entries)
