"""The record of test-then-train: a champion's metrics on the rows of an upload before any model is trained on them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from perennial.contract.values import rounded
from perennial.records import Record


class PrequentialScore(Record):
    """One point of a model's curve: the champion `version` on the new rows of `dataset`.

    `metrics` has {"value", "low", "high"} of each metric of the problem, `metric` names the gate's. `rows` are the rows
    that no older dataset of the window holds; `unchecked` datasets of the champion were not in the window.
    """

    model: str
    dataset: str
    version: str
    run: str
    at: datetime
    metric: str
    rows: int
    unchecked: int = 0
    metrics: dict[str, dict[str, float | None]]

    @property
    def value(self) -> float | None:
        """The gate's metric."""
        return self.metrics.get(self.metric, {}).get("value")

    @property
    def sentence(self) -> str:
        """The finding in a sentence."""
        told = "unknown" if self.value is None else rounded(self.value)
        known = f"; rows of {self.unchecked} older datasets may be among them" if self.unchecked else ""
        return (
            f"Before training, the champion {self.version} had {self.metric} {told} on {self.rows:,} new rows of this "
            f"upload{known}."
        )


def score_of(evaluation: Mapping[str, Any], model: str, run: str, at: datetime) -> PrequentialScore | None:
    """The score in an evaluation.json; None where it has none, or one that cannot be read."""
    found = evaluation.get("prequential")
    if not isinstance(found, Mapping):
        return None
    try:
        return PrequentialScore.model_validate({**found, "model": model, "run": run, "at": at})
    except ValidationError:
        return None
