"""What was measured of one column."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures by name, the floor of each under chance alone, and what to say where a figure is the worst."""

    figures: Mapping[str, float]
    floors: Mapping[str, float]
    told: Mapping[str, str]

    def __or__(self, other: "Measured") -> "Measured":
        return Measured({**self.figures, **other.figures}, {**self.floors, **other.floors}, {**self.told, **other.told})
