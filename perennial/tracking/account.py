"""The account of a run for a tracking server: its records, its spec, its evaluation and its datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perennial.contract.model import ModelSpec
from perennial.environment import Environment
from perennial.records import Champion, DatasetVersion, ModelVersion, Run


@dataclass(frozen=True)
class Account:
    """A run with what belongs to it; None, or empty, where the run did not get so far.

    Args:
        environment: the environment of the run.
        models_bucket: the bucket of its models.
        run: its record.
        spec: the spec under which it began; None where it is stored in an older format.
        evaluation: evaluation.json of its training job.
        decision: decision.json of the gate.
        version: the model version that it registered.
        read: the dataset version that it read.
        trained_on: the dataset versions that it trained on.
        champion: the version that serves now.
    """

    environment: Environment
    models_bucket: str
    run: Run
    spec: ModelSpec | None
    evaluation: Mapping[str, Any]
    decision: Mapping[str, Any]
    version: ModelVersion | None
    read: DatasetVersion | None
    trained_on: tuple[DatasetVersion, ...]
    champion: Champion | None

    @property
    def name(self) -> str:
        """The name of the model outside: with the environment's, unless that is the default one."""
        model = self.run.model
        return model if self.environment.is_default else f"{self.environment.name}-{model}"

    @property
    def ended(self) -> bool:
        """True if the run has its final state."""
        return self.run.state not in ("pending", "running")
