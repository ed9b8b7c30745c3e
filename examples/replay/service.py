"""A model in service under one policy, morning by morning: looks, decisions, trainings and releases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from examples.replay.candidates import Candidates
from perennial.contract.lifecycle import Retraining
from perennial.contract.observed import CLASSES, LABEL, SCORE, SCORES
from perennial.monitoring.looks import look, watched_by
from perennial.monitoring.seasons import PastWindow, ReferenceRows
from perennial.monitoring.staleness import Staleness, staleness
from perennial.monitoring.windows import Watched
from perennial.profile import freeze, profile
from perennial.retraining_policy import Attempt, Facts, Ruling, decide

#: the time from the begin of a run to its release, and the rows of the reference that are held for seasons
RUN, SAMPLED = timedelta(hours=1), 20_000
#: a person answers the question whether trainings go on within so many days
ANSWER = timedelta(days=7)


@dataclass(frozen=True)
class Policy:
    """A policy by name. `by`: None for a model that is never trained again; `gated`: the gate decides on releases."""

    name: str
    by: Retraining | None = None
    gated: bool = True

    @property
    def looks(self) -> bool:
        """True if the policy needs monitoring."""
        return self.by is not None and self.by.by != "schedule"


@dataclass
class Played:
    """The course of a policy. `serving`: the day of the candidate that served each day; `runs`: its attempts."""

    policy: Policy
    serving: list[int] = field(default_factory=list)
    runs: list[Attempt] = field(default_factory=list)
    questions: int = 0
    #: the day of each event, and the event in a sentence
    log: list[tuple[date, str]] = field(default_factory=list)

    @property
    def price(self) -> float:
        """The price of all runs."""
        return sum(each.price for each in self.runs)


@dataclass
class Service:
    """The service of one stream's model under one policy; `play` plays all days."""

    candidates: Candidates
    policy: Policy
    champion: int = 0
    since: datetime | None = None
    seen: int = 0
    resumed_at: datetime | None = None
    asked_at: datetime | None = None
    lost: Staleness | None = None
    past: list[PastWindow] = field(default_factory=list)
    watched: Watched | None = None
    #: the champion that the one in service was judged beside
    before: int | None = None

    def __post_init__(self) -> None:
        self.stream = self.candidates.stream
        self.played = Played(self.policy)
        self.seen = self.stream.known(0)
        self.since = self.stream.at(0)

    def play(self, told: Callable[[str], None] = lambda line: None) -> Played:
        """Every day: the look and the decision in the morning, a run if it is due, then the requests of the day."""
        for day in range(self.stream.days):
            if day >= 1 and self.policy.by is not None:
                self._morning(day, told)
            self.played.serving.append(self.champion)
        return self.played

    def _morning(self, day: int, told: Callable[[str], None]) -> None:
        assert self.policy.by is not None
        now = self.stream.at(day)
        if self.policy.looks and day % self._span(1):
            return  # monitoring comes every so many days, and the decision with it
        if self.asked_at is not None and now - self.asked_at >= ANSWER:
            self.resumed_at, self.asked_at = now, None
        facts = self._facts(day, now)
        verdict, reasons = self._look(day, facts) if self.policy.looks else ("fresh", ())
        loss = self.lost.money if self.lost else None
        ruling = decide(self.policy.by, replace(facts, verdict=verdict, loss=loss))
        if ruling.action == "train":
            self._run(day, now, ruling, reasons)
        elif ruling.action == "ask" and self.asked_at is None:
            self.asked_at, self.played.questions = now, self.played.questions + 1
            self._tell(day, f"asked: {ruling.sentences[-1]}")
        told(f"{self.policy.name}: day {day}, {verdict}, {ruling.action} ({ruling.rule})")

    def _facts(self, day: int, now: datetime) -> Facts:
        assert self.since is not None
        price = self.policy.by.hour_price * (RUN / timedelta(hours=1)) if self.policy.by else 0.0
        return Facts(
            now=now, verdict="fresh", since=self.since, labelled=self.stream.known(day) - self.seen,
            learned=self.stream.known(self.champion),
            attempts=tuple(self.played.runs), price=price, resumed_at=self.resumed_at,
        )  # fmt: skip

    def _span(self, windows: int) -> int:
        """The days of a number of windows."""
        return -(-windows * self.stream.spec.monitoring.every_hours // 24)

    def _look(self, day: int, facts: Facts) -> tuple[str, tuple[str, ...]]:
        """The verdict of monitoring and its reasons; the loss is carried on."""
        if self.watched is None:
            self.watched = watched(self.candidates, self.champion, facts.since, self.before)
        policy = self.stream.spec.monitoring
        days = self._span(policy.windows) + policy.label_days + self._span(1)
        rows = slice(self.stream.places[max(0, day - days)], self.stream.places[day])
        frame = observed(self.candidates, self.champion, rows, self.stream.known(day))
        found = look(frame, self.watched, facts.now, self.past)
        money = self.watched.served.gate.value
        self.lost = staleness(self.lost, found.windows, money, facts.trained_at)
        if found.windows and len(self.past) < 36 and found.windows[-1].look.rows >= policy.min_rows:
            self.past.append(found.windows[-1].past)
        return found.verdict.state, tuple(each.sentence for each in found.verdict.reasons if each.state == "stale")

    def _run(self, day: int, now: datetime, ruling: Ruling, reasons: tuple[str, ...]) -> None:
        """A run: the day's candidate is judged beside the champion and takes its place, or not."""
        assert self.policy.by is not None
        decision = self.candidates.judged(day, self.champion)[1] if self.policy.gated else None
        promoted = decision is None or decision.promote
        price = self.policy.by.hour_price * (RUN / timedelta(hours=1))
        outcome = "promoted" if promoted else "refused"
        self.played.runs.append(Attempt(f"day-{day:03}", now, now + RUN, outcome, price))  # type: ignore[arg-type]
        self.seen = self.stream.known(day)
        checks = decision.checks if decision else ()
        failed = "; ".join(each.sentence for each in checks if each.verdict in ("failed", "unsure"))
        why = " ".join(reasons[:1]) or ruling.sentences[0]
        self._tell(day, f"{outcome}: {why}{f' The gate: {failed}' if failed else ''}")
        if promoted:
            self.before, self.champion = self.champion, day
            self.since, self.watched, self.past = now + RUN, None, []

    def _tell(self, day: int, sentence: str) -> None:
        self.played.log.append((self.stream.at(day).date(), sentence))


def watched(candidates: Candidates, day: int, released: datetime, against: int | None) -> Watched:
    """A day's candidate as monitoring sees it. `against`: the champion that it was judged beside."""
    stream = candidates.stream
    evaluation, _ = candidates.judged(day, against)
    spec = stream.spec
    rows = stream.rows.head(stream.known(day)).select(list(spec.columns))
    sample = rows.sample(min(SAMPLED, rows.height), seed=spec.training.seed)
    names = [*spec.features(), spec.target]
    grid = freeze(stream.rows.head(stream.known(0)).select(list(spec.columns)), spec.contract())
    grid = type(grid)({name: grid.columns[name] for name in names})
    time = spec.event_time
    return watched_by(
        evaluation,
        spec.problem,
        spec.gate_checks(),
        released=released,
        reference=profile(rows.select(names), grid),
        rows=None if time is None else ReferenceRows(sample.select([*names, time]), time),
        importance=evaluation["importance"] or {},
        drift=spec.drift,
        policy=spec.monitoring,
        target=spec.target,
    )


def observed(candidates: Candidates, day: int, rows: slice, known: int) -> pl.DataFrame:
    """The requests at these places, answered by a day's candidate; the labels after the place `known` are not known."""
    stream = candidates.stream
    part, target = stream.rows[rows], stream.spec.target
    scores = pl.Series(SCORE, candidates.scores(day)[rows])
    is_known = pl.Series(np.arange(rows.start, rows.stop) < known)
    frame = part.with_columns(scores, pl.when(is_known).then(pl.col(target)).alias(LABEL))
    return frame.drop([target, *(name for name in (CLASSES, SCORES) if name in frame.columns)])
