"""Decides on training: for a new dataset by its drift, for a champion in service by its traffic and age."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perennial.contract.lifecycle import Monitoring, Retrain


INSUFFICIENT = "insufficient data"


def worth_training(policy: Retrain, drift: str, champion_age_days: int) -> tuple[bool, str]:
    """(train, the reason as a sentence).

    `drift` is a verdict of perennial.drift (stable, watch, drifted, incomparable); data that cannot be compared
    is treated as drifted.
    """
    if policy.on == "always":
        return True, "The policy is to train on every accepted dataset."
    if policy.on == "drift":
        moved = drift in ("drifted", "incomparable")
        return moved, "The data has moved, so a training is worth it." if moved else (
            "The data has not moved enough for a training; the policy is to train on drift."
        )
    old = champion_age_days >= policy.days
    state = "so a training is due" if old else "younger than the policy requires"
    return old, f"The champion is {champion_age_days} days old (policy: {policy.days}), {state}."


@dataclass(frozen=True)
class Staleness:
    """The result of monitoring a model. `drift` is a verdict of perennial.drift, or 'insufficient data'."""

    rows: int
    drift: str
    age_days: int
    stale: bool
    sentences: tuple[str, ...]

    def with_unreadable(self, requests: int) -> Staleness:
        """The same, with a sentence about captured requests that could not be read, if there are any."""
        if not requests:
            return self
        sentence = f"{requests:,} captured requests could not be read, or were refused by the server; none counts."
        return replace(self, sentences=(*self.sentences, sentence))


def assess(policy: Monitoring, rows: int, drift: str, drift_sentence: str, age_days: int) -> Staleness:
    """The model is stale if its traffic drifted from the champion's training data, or if the champion is too old.

    `rows` are the readable captured rows. With too few of them drift is not evaluated.
    """
    old = age_days >= policy.max_age_days
    sentences = [f"The champion is {age_days} days old; at {policy.max_age_days} days it is stale."]
    if rows < policy.min_rows:
        drift = INSUFFICIENT
        sentences.append(f"Insufficient data: {rows:,} rows of traffic, {policy.min_rows:,} are asked for.")
    else:
        sentences.append(drift_sentence)
    return Staleness(rows, drift, age_days, old or drift == "drifted", tuple(sentences))
