"""ModelSpec: the declaration of one model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from perennial.contract.columns import Column, Problem, Value
from perennial.contract.dataset import Card, Contract, Data, Validation
from perennial.contract.drift import Drift
from perennial.contract.gate import Fairness, Gate
from perennial.contract.lifecycle import Monitoring, Retrain, Splitting, Training
from perennial.contract.metrics import metrics_of
from perennial.contract.part import Part, required, setting
from perennial.contract.release import Release, Serving

NAME = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"


@dataclass(frozen=True, kw_only=True)
class ModelSpec(Part):
    """One model: its data, training, gate, release and monitoring."""

    name: str = required(
        "Lower-case letters, digits and hyphens; the file is models/<name>.yaml.", pattern=NAME, max_length=32
    )
    problem: Problem = required("The kind of the target.")
    target: str = required("The column to predict.")
    positive: Value | None = setting(None, "Binary: the positive class. Default: true, 1 or the last.")
    card: Card = setting(Card(), "The dataset card.")
    data: Data = setting(Data(), "The relation of uploads to each other.")
    key: tuple[str, ...] = setting((), "Columns that identify a row. Default: the whole row.")
    event_time: str | None = setting(None, "The column with the time of a row's event.")
    columns: Mapping[str, Column] = required("Every column of the data.", min_length=2)
    validation: Validation = setting(Validation(), "The strictness with which a dataset is read.")
    training: Training = setting(Training(), "Estimator, data and machine of a training.")
    split: Splitting = setting(Splitting(), "The division of rows into training rows and held-out rows.")
    gate: Gate = setting(Gate(), "The checks that a candidate must pass before it may serve.")
    retrain: Retrain = setting(Retrain(), "The conditions under which a new dataset is trained on.")
    release: Release = setting(Release(), "The endpoint's fleet, and how traffic shifts to a new model.")
    serving: Serving = setting(Serving(), "Answers of the endpoint, and data capture.")
    monitoring: Monitoring = setting(Monitoring(), "Monitoring of live traffic.")
    drift: Drift = setting(Drift(), "Limits on the change of the data since the champion's training data.")

    def contract(self) -> Contract:
        """The part that validation, profiles and drift need."""
        return Contract(
            self.columns,
            self.target,
            self.problem,
            self.key,
            self.event_time,
            self.validation,
            positive=self.positive,
        )

    def sensitive(self) -> tuple[str, ...]:
        """The columns that describe a protected trait, in the spec's order."""
        return tuple(name for name, column in self.columns.items() if column.sensitive)

    def treatment(self) -> Literal["keep", "hash", "drop"]:
        """The treatment of sensitive columns in captured traffic."""
        return self.serving.sensitive or ("drop" if self.sensitive() else "keep")

    def is_logged(self) -> bool:
        """True if the server itself logs the captured share of rows.

        SageMaker captures nothing of a serverless endpoint, and all columns of any other one.
        """
        return self.treatment() != "keep" or self.release.serverless is not None

    def is_feature(self, name: str) -> bool:
        """True if the column is shown to the model."""
        return self.contract().is_feature(name)

    def features(self) -> tuple[str, ...]:
        """The names of the columns shown to the model, in the spec's order."""
        return self.contract().features()

    def metrics(self) -> tuple[str, ...]:
        """The names of the metrics of this problem."""
        return tuple(metric.name for metric in metrics_of(self.problem))

    def metric(self) -> str:
        """The metric by which candidate and champion are compared."""
        return self.gate.metric or self.metrics()[0]

    def gate_checks(self) -> Gate:
        """The gate with its open settings filled in.

        The search for slices examines all features, and sensitive columns are reported without a rule as well; text
        is not, for its values are never written.
        """
        slices = self.gate.slices
        if slices.columns is None:
            features = tuple(name for name in self.features() if self.columns[name].type != "text")
            slices = replace(slices, columns=features)
        ruled = {name for rule in self.gate.fairness for name in rule.columns} | {self.target}
        reported = tuple(
            Fairness((name,)) for name in self.sensitive() if self.columns[name].type != "text" and name not in ruled
        )
        return replace(self.gate, metric=self.metric(), slices=slices, fairness=(*self.gate.fairness, *reported))

    def digest(self) -> str:
        """The SHA-256 of the spec's canonical text, 64 hex digits."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def card_digest(self) -> str:
        """The SHA-256 of the dataset card's content, 64 hex digits."""
        return self.card.digest()

    def canonical(self) -> str:
        """The spec as JSON text: equal specs give equal bytes. The order of the columns is part of it."""
        return json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":"))
