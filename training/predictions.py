"""What a model says of rows, and how it is written: the same in a golden file, an answer and a table."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.values import written

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """n predictions. `values` (n,): the positive's probability, or the number; for multiclass (n, K), one per class.

    `labels`: the class said of each row; None for a regression.
    """

    problem: str
    classes: tuple[Any, ...]
    values: Floats
    labels: list[Any] | None

    def __len__(self) -> int:
        return len(self.values)

    def entries(self) -> list[dict[str, Any]]:
        """One JSON object per row: label and probability, label and probabilities, or value."""
        values = self.values.tolist()
        if self.labels is None:
            return [{"value": value} for value in values]
        if self.problem == "binary":
            return [{"label": label, "probability": p} for label, p in zip(self.labels, values, strict=True)]
        names = [written(value) for value in self.classes]
        return [
            {"label": label, "probabilities": dict(zip(names, row, strict=True))}
            for label, row in zip(self.labels, values, strict=True)
        ]

    def as_csv(self) -> str:
        """A header and one line per row: label,probability, or label and a column per class, or value."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        values = self.values.tolist()
        if self.labels is None:
            writer.writerows([["value"], *([value] for value in values)])
            return text.getvalue()
        names = ["probability"] if self.problem == "binary" else [written(value) for value in self.classes]
        writer.writerow(["label", *names])
        for label, value in zip(self.labels, values, strict=True):
            writer.writerow([written(label), *(value if isinstance(value, list) else [value])])
        return text.getvalue()

    def as_json(self) -> str:
        """{"predictions": [...]}"""
        return json.dumps({"predictions": self.entries()}, ensure_ascii=False, allow_nan=False)

    def as_jsonlines(self) -> str:
        """One JSON object per line."""
        return "".join(json.dumps(entry, ensure_ascii=False, allow_nan=False) + "\n" for entry in self.entries())
