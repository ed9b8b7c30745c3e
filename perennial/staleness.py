"""Has a model gone stale? Its live traffic and its age against the team's monitoring policy."""

from __future__ import annotations

from dataclasses import dataclass

from perennial.contract.lifecycle import Monitoring

INSUFFICIENT = "insufficient data"


@dataclass(frozen=True)
class Watch:
    """What a look at a model found. `drift` is a verdict of perennial.drift, or 'insufficient data'."""

    rows: int
    drift: str
    age_days: int
    stale: bool
    sentences: tuple[str, ...]


def watch(policy: Monitoring, rows: int, drift: str, drift_sentence: str, age_days: int) -> Watch:
    """Stale when the traffic has drifted from what the champion was trained on, or when the champion is too old.

    `rows` are the captured rows that could be read. Too few of them prove nothing, so they start nothing.
    """
    old = age_days >= policy.max_age_days
    sentences = [f"The champion is {age_days} days old; at {policy.max_age_days} days it is stale."]
    if rows < policy.min_rows:
        drift = INSUFFICIENT
        sentences.append(f"Insufficient data: {rows:,} rows of traffic, {policy.min_rows:,} are asked for.")
    else:
        sentences.append(drift_sentence)
    return Watch(rows, drift, age_days, old or drift == "drifted", tuple(sentences))
