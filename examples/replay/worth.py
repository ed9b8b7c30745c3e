"""The worth of candidates on each day of service, with every label known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from examples.replay.candidates import Candidates
from examples.replay.service import observed
from perennial.gate.measuring.amounts import of_each_row
from perennial.gate.measuring.outcomes import Outcomes
from perennial.monitoring.answers import Served
from perennial.monitoring.looks import watched_by

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Worth:
    """The worth of the candidates of a stream."""

    candidates: Candidates

    def money(self, candidate: int) -> Floats:
        """The money that a candidate earns on each day of service, (days,)."""
        return _money(self, candidate)

    def of_days(self, serving: Sequence[int]) -> Floats:
        """The money of each day, earned by the candidate that served it, (days,)."""
        return np.array([self.money(candidate)[day] for day, candidate in enumerate(serving)])

    def metric_of_days(self, serving: Sequence[int], name: str) -> Floats:
        """A metric of each day, of the candidate that served it, (days,); NaN where a day has none."""
        found = []
        for day, candidate in enumerate(serving):
            rows = self.candidates.stream.of(day)
            value = self.outcomes(candidate, rows).points().get(name) if rows.stop - rows.start > 1 else None
            found.append(np.nan if value is None else float(value))
        return np.array(found)

    def outcomes(self, candidate: int, rows: slice) -> Outcomes:
        """The outcomes of the requests at these places, answered by a candidate."""
        served = replace(_served(self.candidates), threshold=self.candidates.threshold(candidate))
        return served.outcomes(observed(self.candidates, candidate, rows, rows.stop))


@lru_cache(400)
def _money(worth: Worth, candidate: int) -> Floats:
    stream = worth.candidates.stream
    money, rows = stream.spec.gate.value, slice(stream.places[0], stream.places[-1])
    assert money is not None
    values = np.nan_to_num(of_each_row(money, stream.rows[rows], worth.outcomes(candidate, rows)))
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = np.array(stream.places) - stream.places[0]
    return np.diff(sums[places])


@lru_cache(4)
def _served(candidates: Candidates) -> Served:
    spec = candidates.stream.spec
    evaluation, _ = candidates.judged(0, None)
    more = {"released": candidates.stream.at(0), "reference": None}
    return watched_by(evaluation, spec.problem, spec.gate_checks(), **more).served
