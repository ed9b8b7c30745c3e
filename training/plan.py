"""The plan of a training: what the preparation wrote for this job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perennial.gate.catalogue import PROBLEMS, metrics_of
from perennial.gate.policy import Policy
from training.contract import TYPES, Column
from training.failure import TrainingError

FORMAT = 1
_NULL_MARKS = ("", "NA", "null")


@dataclass(frozen=True)
class ChampionFile:
    """The archive of the model now serving; `archive` is a file beside the plan."""

    version: str
    archive: str


@dataclass(frozen=True)
class Plan:
    """See docs: the training contract. `columns` holds every declared column, the target included."""

    run: str
    model: str
    problem: str
    target: str
    positive: Any
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    held_out: float
    seed: int
    estimator: str
    parameters: Mapping[str, Any]
    champion: ChampionFile | None
    confidence: float
    policy: Policy
    null_marks: tuple[str, ...]
    #: what serving does with ranges and categories beyond the contract: refuse, or answer and count
    out_of_contract: str
    #: what the job only passes on: datasets, newest, code_digest, spec_digest, created_at, event_time
    origin: Mapping[str, Any]

    @property
    def features(self) -> tuple[Column, ...]:
        """The columns shown to the model."""
        return tuple(column for column in self.columns if column.feature and column.name != self.target)

    @property
    def target_column(self) -> Column:
        """The column to predict."""
        return next(column for column in self.columns if column.name == self.target)


def read(path: Path) -> Plan:
    """Raises TrainingError for a plan that is absent, not JSON, or not of this format."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"The plan {path.name} cannot be read: {error}.") from error
    return parse(data)


def parse(data: Any) -> Plan:
    """A checked plan from its JSON. Raises TrainingError, which names the member that is wrong."""
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, Mapping) else type(data).__name__
        raise TrainingError(
            f"The plan's format is {found}; this code reads format {FORMAT}. Deploy both from one checkout."
        )
    if data.get("problem") not in PROBLEMS:
        raise TrainingError(f"The problem is '{data.get('problem')}'; expected one of {', '.join(PROBLEMS)}.")
    try:
        plan = _plan(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TrainingError(f"The plan is malformed: {type(error).__name__} {error}.") from error
    _check(plan, data.get("metrics") or [])
    return plan


def _plan(data: Mapping[str, Any]) -> Plan:
    champion = data.get("champion")
    return Plan(
        run=str(data["run"]),
        model=str(data["model"]),
        problem=data["problem"],
        target=data["target"],
        positive=data.get("positive"),
        columns=tuple(Column.of(column) for column in data["columns"]),
        key=tuple(data.get("key") or ()),
        held_out=float(data["held_out"]),
        seed=int(data["seed"]),
        estimator=str(data["estimator"]),
        parameters=dict(data.get("parameters") or {}),
        champion=ChampionFile(champion["version"], champion["archive"]) if champion else None,
        confidence=float(data.get("confidence", 0.95)),
        policy=Policy.from_dict(data.get("gate") or {}, data.get("metric") or metrics_of(data["problem"])[0].name),
        null_marks=tuple(data.get("null_marks") or _NULL_MARKS),
        out_of_contract=str(data.get("out_of_contract") or "answer"),
        origin={
            name: data.get(name)
            for name in ("datasets", "newest", "code_digest", "spec_digest", "created_at", "event_time")
        },
    )


def _check(plan: Plan, metrics: list[str]) -> None:
    names = [column.name for column in plan.columns]
    for column in plan.columns:
        if column.type not in TYPES:
            raise TrainingError(
                f"Column '{column.name}' is of type '{column.type}'; expected one of {', '.join(TYPES)}."
            )
        if names.count(column.name) > 1:
            raise TrainingError(f"Column '{column.name}' is declared twice.")
    for name in (plan.target, *plan.key):
        if name not in names:
            raise TrainingError(f"Column '{name}' is named by the plan but not declared.")
    if not plan.features:
        raise TrainingError("No column is a feature, so the model would see nothing; set feature: true on some column.")
    if not 0 < plan.held_out < 1:
        raise TrainingError(f"held_out is {plan.held_out:g}; expected a share between 0 and 1.")
    if plan.policy.threshold.aim == "value" and plan.policy.value is None:
        raise TrainingError("The threshold is to be chosen by value, but gate.value says of nothing what it is worth.")
    known = {metric.name for metric in metrics_of(plan.problem)}
    for name in metrics:
        if name not in known:
            raise TrainingError(f"The gate asks for '{name}'; {plan.problem} has {', '.join(sorted(known))}.")
