"""ModelSpec: the parts of a spec as one, and what holds between them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from perennial.gate.catalogue import metrics_of
from perennial.spec.data import Card, Column, Validation
from perennial.spec.drift import Drift
from perennial.spec.gate import Gate
from perennial.spec.part import Name, Part, Problem, Value, part
from perennial.spec.release import Release, Serving
from perennial.spec.stages import Monitoring, RetrainPolicy, Training
from perennial.spec.words import did_you_mean

if TYPE_CHECKING:  # Polars takes a third of a second to import, and most functions need no contract and no policy
    from perennial.gate.policy import Policy
    from perennial.validation.contract import Column as ContractColumn
    from perennial.validation.contract import Contract


class ModelSpec(Part):
    """One model: its data, training, gate, release and watch."""

    name: Name = Field(description="Lower-case letters, digits and hyphens; the file is models/<name>.yaml.")
    problem: Problem
    target: str = Field(description="The column to predict.")
    positive: Value | None = Field(
        None, description="Binary: the class that is looked for. Default: true, 1 or the last."
    )
    card: Card = part()
    key: tuple[str, ...] = Field((), description="Columns that name a row. Default: the whole row.")
    event_time: str | None = Field(None, description="When a row happened.")
    columns: dict[str, Column] = Field(min_length=2)
    validation: Validation = part()
    training: Training = part()
    gate: Gate = part()
    retrain: RetrainPolicy = part()
    release: Release = part()
    serving: Serving = part()
    monitoring: Monitoring = part()
    drift: Drift = part()

    @model_validator(mode="after")
    def _names_are_columns(self) -> ModelSpec:
        for field, names in (("target", (self.target,)), ("key", self.key), ("event_time", (self.event_time,))):
            for name in names:
                if name is not None and name not in self.columns:
                    raise ValueError(f"{field} '{name}' is not among the columns{did_you_mean(name, self.columns)}")
        for odd in (name for name in self.columns if name == "*" or (name.startswith("^") and name.endswith("$"))):
            raise ValueError(f"a column cannot be called '{odd}': that is a pattern for columns; rename it in the data")
        if not self.features():
            raise ValueError("no column is a feature; the model would see nothing")
        return self

    @model_validator(mode="after")
    def _target_fits_the_problem(self) -> ModelSpec:
        kind = self.columns[self.target].type if self.target in self.columns else None
        if self.problem == "regression" and kind not in (None, "integer", "number"):
            raise ValueError(f"a regression needs an integer or number target, '{self.target}' is {kind}")
        if self.problem != "regression" and kind in ("number", "date", "datetime"):
            raise ValueError(f"a {self.problem} target needs classes, '{self.target}' is {kind}")
        return self

    @model_validator(mode="after")
    def _metrics_exist(self) -> ModelSpec:
        known = self.metrics()
        for name in [*self.gate.floors, *([self.gate.metric] if self.gate.metric else [])]:
            if name not in known:
                raise ValueError(f"gate: {self.problem} has no metric '{name}'; it has {', '.join(known)}")
        return self

    @model_validator(mode="after")
    def _threshold_fits_the_problem(self) -> ModelSpec:
        aim = self.gate.threshold.aim
        if aim != "fixed" and self.problem != "binary":
            raise ValueError(f"gate: threshold.aim {aim} is for binary problems, this is {self.problem}")
        if aim == "value" and self.gate.value is None:
            raise ValueError("gate: threshold.aim is value, but gate.value does not say what an outcome is worth")
        return self

    @model_validator(mode="after")
    def _sensitive_names_something(self) -> ModelSpec:
        if self.serving.sensitive != "keep" and not self.sensitive():
            raise ValueError(
                f"serving.sensitive is '{self.serving.sensitive}', but no column is marked "
                "`sensitive: true`; mark those that must not be captured"
            )
        return self

    def sensitive(self) -> tuple[str, ...]:
        """The columns that describe a protected trait, in the spec's order."""
        return tuple(name for name, column in self.columns.items() if column.sensitive)

    def metrics(self) -> tuple[str, ...]:
        """The figures that this problem is judged by."""
        return tuple(metric.name for metric in metrics_of(self.problem))

    def metric(self) -> str:
        """The figure by which candidate and champion are compared."""
        return self.gate.metric or self.metrics()[0]

    def policy(self) -> Policy:
        """What the gate judges by."""
        from perennial.gate.policy import Policy

        return Policy.from_dict(self.demands(), self.metric())

    def demands(self) -> dict[str, Any]:
        """The gate's part as JSON, with what it leaves open filled in.

        Slices are looked for in all features, and sensitive columns are reported on without a rule as well; text is
        not, for its values are never written.
        """
        gate = self.gate.model_dump(mode="json")
        if self.gate.slices.columns is None:
            gate["slices"]["columns"] = [name for name in self.features() if self.columns[name].type != "text"]
        ruled = {name for rule in self.gate.fairness for name in rule.columns} | {self.target}
        for name, column in self.columns.items():
            if column.sensitive and column.type != "text" and name not in ruled:
                gate["fairness"].append({"columns": [name]})
        return gate

    def is_feature(self, name: str) -> bool:
        """Is the column shown to the model?"""
        column = self.columns[name]
        if name == self.target:
            return False
        if column.feature is not None:
            return column.feature
        return column.type != "text" and name not in self.key

    def features(self) -> tuple[str, ...]:
        """The names of the columns shown to the model, in the spec's order."""
        return tuple(name for name in self.columns if self.is_feature(name))

    def digest(self) -> str:
        """64 hex digits that name this exact content."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def card_digest(self) -> str:
        """64 hex digits that name the dataset card's exact content."""
        return self.card.digest()

    def canonical(self) -> str:
        """The spec as one JSON text: same spec, same bytes. The order of the columns is part of it."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"))

    def contract(self) -> Contract:
        """What validation needs to know."""
        from perennial.validation.contract import Contract, RowRule, Volume

        columns = {name: _contract_column(self, name) for name in self.columns}
        rules, volume = self.validation.rules, self.validation.volume
        return Contract(
            columns=columns,
            target=self.target,
            problem=self.problem,
            key=self.key,
            event_time=self.event_time,
            tolerance=self.validation.tolerance,
            unknown_columns=self.validation.unknown_columns,
            null_marks=self.validation.null_marks,
            rules=tuple(RowRule(**rule.model_dump()) for rule in rules),
            duplicates=self.validation.duplicates,
            min_rows=self.validation.min_rows,
            max_rows=self.validation.max_rows,
            max_age_days=self.validation.max_age_days,
            volume=Volume(**volume.model_dump()) if volume else None,
        )


def _contract_column(spec: ModelSpec, name: str) -> ContractColumn:
    from perennial.validation.contract import Column as ContractColumn

    rules = spec.columns[name].model_dump(exclude={"feature"})
    return ContractColumn(**rules, feature=spec.is_feature(name))
