"""What a team asks of a candidate. Pure Python: a Lambda without numpy reads it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from perennial.gate.catalogue import greater_is_better

FEWEST_ROWS = 100
FEWEST_PER_CLASS = 10


class PolicyError(ValueError):
    """A policy asks for something that cannot be judged."""


@dataclass(frozen=True)
class Policy:
    """`metric` compares candidate and champion; `floors` are the worst figures allowed (of losses: ceilings).

    `margin`, in the metric's unit, is by how much the candidate may be worse; 0 asks it to be surely no worse.
    `confidence` is that of the interval which the margin is held against. Raises PolicyError and UnknownMetricError.
    """

    metric: str
    floors: Mapping[str, float] = field(default_factory=dict)
    margin: float = 0.0
    confidence: float = 0.95
    fewest_rows: int = FEWEST_ROWS
    fewest_per_class: int = FEWEST_PER_CLASS

    def __post_init__(self) -> None:
        for name in (self.metric, *self.floors):
            greater_is_better(name)
        for name, limit in self.floors.items():
            if not math.isfinite(limit):
                raise PolicyError(f"the floor of {name} is {limit}; expected a finite number")
        if not (math.isfinite(self.margin) and self.margin >= 0):
            raise PolicyError(f"the margin is {self.margin}; expected a number of at least 0")
        if not 0.5 < self.confidence < 1:
            raise PolicyError(f"the confidence is {self.confidence}; expected a number between 0.5 and 1")
