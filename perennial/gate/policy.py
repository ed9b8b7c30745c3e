"""What a team asks of a candidate: the gate's part of a spec as plain frozen values.

Pure Python: a Lambda without NumPy decides by it, and a training job without pydantic measures by it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from perennial.gate.catalogue import greater_is_better

FEWEST_ROWS = 100
FEWEST_PER_CLASS = 10


class PolicyError(ValueError):
    """A policy asks for something that cannot be judged."""


@dataclass(frozen=True)
class Threshold:
    """How the operating threshold is chosen: `aim` is fixed, value, f_beta or recall_at_precision."""

    aim: str = "fixed"
    at: float = 0.5
    beta: float = 1.0
    precision: float = 0.8
    folds: int = 3


@dataclass(frozen=True)
class Fairness:
    """Limits between the groups of one column or of two crossed; by measure, the widest gap, the smallest ratio."""

    columns: tuple[str, ...]
    groups: tuple[Any, Any] | None = None
    most_apart: Mapping[str, float] = field(default_factory=dict)
    least_ratio: Mapping[str, float] = field(default_factory=dict)
    min_rows: int = 100


@dataclass(frozen=True)
class Money:
    """What an outcome is worth: numbers, or arithmetic over a row's numeric columns."""

    currency: str = "USD"
    tp: float | str = 0.0
    fp: float | str = 0.0
    fn: float | str = 0.0
    tn: float | str = 0.0
    right: float | str = 0.0
    wrong: float | str = 0.0
    over: float | str = 0.0
    under: float | str = 0.0
    rows_per_month: int | None = None
    floor: float | None = None
    margin: float = 0.0
    #: the share of rows whose amount may be unknown
    may_lack: float = 0.0


@dataclass(frozen=True)
class Slice:
    """Rows where every named column has the value, or one of the values."""

    name: str
    where: Mapping[str, Any]
    floor: float | None = None


@dataclass(frozen=True)
class Slices:
    """Which slices are looked at, and how much worse one may be."""

    named: tuple[Slice, ...] = ()
    columns: tuple[str, ...] | None = None
    metric: str | None = None
    min_rows: int = 200
    margin: float | None = None
    most_worse: float | None = None


@dataclass(frozen=True)
class Behaviour:
    """A sentence about the model that rows must bear out; see perennial.spec.gate for its members."""

    name: str
    kind: str
    set: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, float] = field(default_factory=dict)
    score: str = "must_not_fall"
    tolerance: float = 0.0
    may_fail: float = 0.0
    rows: int = 500
    row: Mapping[str, Any] = field(default_factory=dict)
    at_least: float | None = None
    at_most: float | None = None
    label: Any = None


@dataclass(frozen=True)
class Policy:
    """`metric` compares candidate and champion; `floors` are the worst figures allowed (of losses: ceilings).

    `margin`, in the metric's unit, is by how much a non-inferior candidate may be worse, or a superior one must be
    better. `confidence` is that of the interval which the margin is held against. Raises PolicyError and
    UnknownMetricError.
    """

    metric: str
    floors: Mapping[str, float] = field(default_factory=dict)
    margin: float = 0.0
    confidence: float = 0.95
    fewest_rows: int = FEWEST_ROWS
    fewest_per_class: int = FEWEST_PER_CLASS
    test: str = "non_inferior"
    resamples: int = 1000
    forgetting: float | None = None
    quantile: float = 0.5
    threshold: Threshold = Threshold()
    fairness: tuple[Fairness, ...] = ()
    value: Money | None = None
    slices: Slices = Slices()
    behaviour: tuple[Behaviour, ...] = ()
    #: never, doubt or always
    ask: str = "never"

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

    @classmethod
    def from_dict(cls, gate: Mapping[str, Any], metric: str) -> Policy:
        """From the gate's part of a spec as JSON. Raises PolicyError for members that no gate has."""
        given = {name: gate[name] for name in _PLAIN if name in gate}
        try:
            return cls(
                metric=metric,
                **given,
                fewest_rows=gate.get("min_rows", FEWEST_ROWS),
                fewest_per_class=gate.get("min_per_class", FEWEST_PER_CLASS),
                threshold=Threshold(**gate.get("threshold") or {}),
                fairness=tuple(_fairness(each) for each in gate.get("fairness") or ()),
                value=Money(**gate["value"]) if gate.get("value") else None,
                slices=_slices(gate.get("slices") or {}),
                behaviour=tuple(Behaviour(**each) for each in gate.get("behaviour") or ()),
                ask=(gate.get("approval") or {}).get("ask", "never"),
            )
        except TypeError as error:
            raise PolicyError(f"the gate is malformed: {error}") from None


_PLAIN = ("floors", "margin", "confidence", "test", "resamples", "forgetting", "quantile")


def _fairness(given: Mapping[str, Any]) -> Fairness:
    groups = given.get("groups")
    pair = (groups[0], groups[1]) if groups else None
    return Fairness(**{**given, "columns": tuple(given["columns"]), "groups": pair})


def _slices(given: Mapping[str, Any]) -> Slices:
    named = tuple(Slice(**each) for each in given.get("named") or ())
    columns = given.get("columns")
    return Slices(**{**given, "named": named, "columns": None if columns is None else tuple(columns)})
