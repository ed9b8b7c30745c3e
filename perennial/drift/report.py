"""The drift report: the result of a comparison."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from perennial.former_keys import with_current_keys

Level = Literal["stable", "watch", "drifted", "incomparable"]
ORDER: tuple[Level, ...] = ("stable", "watch", "drifted", "incomparable")
FORMAT = 1


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """The drift of one column: its metrics, the noise floor of each, and a sentence.

    `worst` names the metric that decides, `score` is that metric divided by its threshold for drift (or by its floor,
    if that is higher), `weight` is the column's importance, 1 for the most important.
    """

    verdict: Level
    role: str
    metrics: Mapping[str, float]
    floors: Mapping[str, float]
    score: float
    sentence: str
    weight: float = 1.0
    worst: str = "nulls"

    @property
    def extent(self) -> float:
        """The score weighted by importance."""
        return self.score * self.weight

    def as_dict(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict,
            "role": self.role,
            "metrics": {name: round(value, 12) for name, value in self.metrics.items()},
            "floors": {name: round(value, 12) for name, value in self.floors.items()},
            "score": round(self.score, 12),
            "sentence": self.sentence,
            "weight": round(self.weight, 12),
            "worst": self.worst,
        }


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The verdict on the dataset, the column that drifted most (`moved`), and every column.

    `dataset_drift` is the dataset drift, from 0, no column drifted, to 1, every important column drifted.
    """

    verdict: Level
    sentence: str
    moved: str | None = None
    reference_rows: int = 0
    current_rows: int = 0
    columns: Mapping[str, ColumnDrift] = field(default_factory=dict)
    dataset_drift: float = 0.0

    @property
    def drifted(self) -> bool:
        """True if the data drifted or cannot be compared."""
        return self.verdict in ("drifted", "incomparable")

    def as_dict(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "verdict": self.verdict,
            "sentence": self.sentence,
            "moved": self.moved,
            "reference_rows": self.reference_rows,
            "current_rows": self.current_rows,
            "dataset_drift": round(self.dataset_drift, 12),
            "columns": {name: column.as_dict() for name, column in self.columns.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "DriftReport":
        names = ("verdict", "sentence", "moved", "reference_rows", "current_rows", "dataset_drift")
        columns = {name: ColumnDrift(**column) for name, column in with_current_keys(data)["columns"].items()}
        return cls(**{name: data[name] for name in names if name in data}, columns=columns)
