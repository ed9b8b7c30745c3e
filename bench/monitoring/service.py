"""A model in service of the simulated population, and looks at its traffic, day by day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import polars as pl

from bench.monitoring.population import FEATURES, IMPORTANCE, LABELLED, START, contract, days
from perennial.contract.gate import Fairness, Gate, Money
from perennial.contract.lifecycle import Monitoring
from perennial.contract.observed import AT, LABEL, SCORE
from perennial.estimation.estimate import Estimation
from perennial.estimation.relations import Relations
from perennial.estimation.seasonal import promised
from perennial.gate.measuring import fairness, value
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.evaluation import evaluate
from perennial.gate.measuring.outcomes import Binary
from perennial.monitoring.answers import Served
from perennial.monitoring.promise import Promise
from perennial.monitoring.seasons import ReferenceRows
from perennial.monitoring.verdict import Verdict, judge
from perennial.monitoring.windows import Watched, Window, examine
from perennial.profile import freeze, profile

TRAINED_ON, HELD_OUT, A_DAY, YEAR = 20_000, 5_000, 1_000, 364
GATE = Gate(
    metric="roc_auc", fairness=(Fairness(("sex",)),), value=Money(tp=1, fp=-0.5, rows_per_month=30_000), resamples=100
)
POLICY = Monitoring()


@dataclass
class Service:
    """A model that is looked at once a day, from a day of the year on.

    `event_time`: the reference has the time of each row.
    """

    seed: int
    first: int = 0
    event_time: bool = True
    yearly: bool = True
    windows: list[Window] = field(default_factory=list)

    def __post_init__(self) -> None:
        reference = days(0, YEAR, TRAINED_ON // YEAR + 1, (self.seed, 0), yearly=self.yearly)
        held_out = days(0, YEAR, HELD_OUT // YEAR + 1, (self.seed, 1), yearly=self.yearly)
        rows = reference.rename({AT: "time", LABEL: "late"})
        grid = freeze(rows, contract())
        outcomes = Binary(held_out[LABEL].to_numpy(), held_out[SCORE].to_numpy())
        self.watched = Watched(
            served=Served("binary", GATE, ("false", "true")),
            released=START + timedelta(days=YEAR + self.first),
            reference=profile(rows, grid),
            promise=_promise(held_out, outcomes),
            estimation=Estimation(relations=Relations.fit(outcomes, held_out, FEATURES)),
            importance=IMPORTANCE,
            policy=POLICY,
            rows=ReferenceRows(rows, "time") if self.event_time else None,
            target="late",
        )

    def look(self, day: int, shift: str = "") -> Verdict:
        """The verdict after the day-th day in service, from 0 on."""
        day += self.first
        frame = days(YEAR + day, 1, A_DAY, (self.seed, 2, day), shift, self.yearly)
        known = np.random.default_rng((self.seed, 3, day)).random(len(frame)) < LABELLED
        frame = frame.with_columns(pl.when(pl.Series(known)).then(LABEL).alias(LABEL))
        start = START + timedelta(days=YEAR + day)
        span = (start, start + timedelta(days=1))
        self.windows.append(examine(frame, span, self.watched, [each.past for each in self.windows]))
        return judge([each.look for each in self.windows[-POLICY.windows :]], POLICY, age_days=0)

    def weeks(self, count: int) -> Iterator[list[Verdict]]:
        """The verdicts of each of a number of weeks without any shift."""
        for week in range(count):
            yield [self.look(7 * week + day) for day in range(7)]
            self.windows = [*self.windows[:28], *self.windows[28:][-POLICY.windows :]]


def _promise(held_out: pl.DataFrame, outcomes: Binary) -> Promise:
    resamples = Resamples(outcomes.rows, GATE.resamples, 7)
    times = held_out[AT].dt.replace_time_zone(None).to_numpy()
    return Promise(
        evaluate(outcomes, None, GATE.confidence, resamples).candidate.metrics,
        promised(GATE, times, held_out, outcomes),
        fairness.measure(GATE.fairness, held_out, outcomes, resamples, GATE.confidence),
        value.measure(GATE.value, held_out, outcomes, None, resamples, GATE.confidence),
    )
