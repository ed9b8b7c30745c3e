"""What a comparison found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["stable", "watch", "drifted", "incomparable"]
ORDER: tuple[Level, ...] = ("stable", "watch", "drifted", "incomparable")
FORMAT = 1


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How far one column moved: its figures, the floor of each under chance alone, and a sentence.

    `worst` is the figure that decides, `score` that figure in units of its threshold for drift (or of its floor, where
    that is higher), `weight` the column's importance, 1 for the most important.
    """

    verdict: Level
    role: str
    figures: Mapping[str, float]
    floors: Mapping[str, float]
    score: float
    sentence: str
    weight: float = 1.0
    worst: str = "nulls"

    @property
    def extent(self) -> float:
        """How far it moved, for what the champion makes of it."""
        return self.score * self.weight

    def as_dict(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict,
            "role": self.role,
            "figures": {name: round(value, 12) for name, value in self.figures.items()},
            "floors": {name: round(value, 12) for name, value in self.floors.items()},
            "score": round(self.score, 12),
            "sentence": self.sentence,
            "weight": round(self.weight, 12),
            "worst": self.worst,
        }


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The verdict over all columns, the one that moved most, and each for itself.

    `dataset_drift` is from 0, nothing moved, to 1, all that the champion looks at has drifted.
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
        """Whether the current data is another than the reference; what cannot be compared counts as such."""
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
        columns = {name: ColumnDrift(**column) for name, column in data["columns"].items()}
        return cls(**{name: data[name] for name in names if name in data}, columns=columns)
