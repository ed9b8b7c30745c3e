"""The setup of a replay: a stream, its name and title, and the sizes that are usual."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from examples.replay.stream import Stream
from perennial.contract.model import ModelSpec

#: every dataset version is trained on, and a label comes within so many days
WINDOW, LABEL_DAYS = 1000, 2
#: of intervals: 1,000 would take hours
RESAMPLES = 200


@dataclass(frozen=True)
class Setup:
    """The setup of a replay.

    Args:
        name: of the stream: of its part of docs/year.md, and of its picture.
        title: of the picture.
        metric: told of each day beside the money.
        stream: makes the stream of a share of the rows to train on and a number of days of service.
        share, days: those that are usual.
        step: the days between the candidates of the oracle, and of the policy that always trains.
    """

    name: str
    title: str
    metric: str
    stream: Callable[[float, int], Stream]
    share: float
    days: int
    step: int


def replayed_spec(found: ModelSpec, every_hours: int = 24) -> ModelSpec:
    """The spec of a model with the settings of a replay. `every_hours`: the interval of monitoring."""
    return replace(
        found,
        training=replace(found.training, window=WINDOW),
        gate=replace(found.gate, resamples=RESAMPLES),
        monitoring=replace(found.monitoring, label_days=LABEL_DAYS, every_hours=every_hours),
    )
