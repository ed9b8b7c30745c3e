"""golden.json: held-out rows with the model's offline predictions, which every server must reproduce."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from training.artifact import ArtifactError
from training.predictions import Predictions, agree

FILE = "golden.json"


def read(folder: Path) -> dict[str, Any]:
    """Reads {"rows": [{feature: value}], "predictions": [entry]}."""
    return dict(json.loads((folder / FILE).read_text(encoding="utf-8")))


def check(now: Predictions, golden: dict[str, Any]) -> int:
    """The number of predictions that are reproduced. Raises ArtifactError for the first that is not."""
    entries = now.entries()
    for index, (answer, then) in enumerate(zip(entries, golden["predictions"], strict=True)):
        if not agree(answer, then):
            raise ArtifactError(f"golden row {index} is answered {answer}, offline it was {then}")
    return len(entries)
