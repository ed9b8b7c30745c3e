"""A whole replay: every policy, the oracle, and their results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from examples.replay.candidates import Candidates
from examples.replay.oracle import best_schedule
from examples.replay.page import Result
from examples.replay.policies import ORACLE, policies
from examples.replay.service import RUN, Played, Policy, Service
from examples.replay.worth import Worth


@dataclass(frozen=True)
class Replay:
    """The candidates of a stream, and the metric that is told of each day beside the money.

    `step`: the days between the candidates of the oracle, and of the policy that always trains.
    """

    candidates: Candidates
    metric: str
    step: int = 1
    told: Callable[[str], None] = lambda line: None

    def every(self) -> tuple[list[Result], list[Played]]:
        """The result of each policy, the oracle's last, and the course of each policy."""
        own = self.candidates.stream.spec.monitoring.retraining
        played = [self.play(policy) for policy in policies(own, self.step)]
        return [*map(self.result, played), self.oracle()], played

    def play(self, policy: Policy) -> Played:
        """The course of one policy."""
        return Service(self.candidates, policy).play(self.told)

    def result(self, played: Played) -> Result:
        """The result of a policy that was played."""
        promoted = [run for run in played.runs if run.outcome == "promoted"]
        return self._result(played.policy.name, played.serving, len(played.runs), len(promoted), played.questions)

    def oracle(self) -> Result:
        """The result of the best schedule over all candidates."""
        price = self._price(1)
        days = self.candidates.stream.days
        serving = best_schedule(Worth(self.candidates).money, days, range(0, days, self.step), price)
        runs = len(set(serving)) - 1
        return self._result(ORACLE, serving, runs, runs, 0)

    def _result(self, name: str, serving: Sequence[int], runs: int, promoted: int, questions: int) -> Result:
        worth = Worth(self.candidates)
        metric = float(np.nanmean(worth.metric_of_days(serving, self.metric)))
        released = tuple(day for day in range(1, len(serving)) if serving[day] != serving[day - 1])
        return Result(name, worth.of_days(serving), metric, runs, promoted, questions, self._price(runs), released)

    def _price(self, runs: int) -> float:
        hour = self.candidates.stream.spec.monitoring.retraining.hour_price
        return runs * hour * (RUN / timedelta(hours=1))
