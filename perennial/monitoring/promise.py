"""The metrics promised at release, and by how much a window falls short of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt
from statistics import NormalDist
from typing import Any

from perennial.contract.gate import Gate, Money
from perennial.contract.metrics import greater_is_better
from perennial.contract.values import rounded
from perennial.gate.check import MetricValue, member, number, read_metric
from perennial.monitoring.quality import Quality

#: the kinds of shortfalls
QUALITY, ESTIMATE, FAIRNESS, VALUE, RELATION = "quality", "estimate", "fairness", "value", "relation"
#: a smaller change of a relation counts for nothing, in standard deviations of label minus score
_SMALLEST_CHANGE = 0.1
_LOWER_IS_WORSE = ("true_positive_rate",)


@dataclass(frozen=True)
class Promise:
    """The candidate's metrics in evaluation.json. `seasons`: those of the held-out rows of each season."""

    metrics: Mapping[str, Any] = field(default_factory=dict)
    seasons: Mapping[str, Any] = field(default_factory=dict)
    fairness: Sequence[Any] = ()
    value: Mapping[str, Any] | None = None
    slices: Sequence[Any] = ()

    @classmethod
    def of_evaluation(cls, evaluation: Mapping[str, Any]) -> Promise:
        """Reads evaluation.json of the version's run."""
        return cls(
            member(member(evaluation, "candidate"), "metrics") or {},
            member(evaluation, "seasons") or {},
            member(evaluation, "fairness") or (),
            member(evaluation, "value"),
            member(member(evaluation, "slices"), "named") or (),
        )


@dataclass(frozen=True)
class Shortfall:
    """The amount by which a metric of one window is worse than its limit; negative where it is better.

    `error`: the standard error of the window's metric. `common`: that of the limit, which all windows share.
    `comparisons`: the number of metrics of this kind that are compared in a window.
    """

    kind: str
    subject: str
    by: float
    error: float
    sentence: str
    common: float = 0.0
    comparisons: int = 1

    @property
    def deviations(self) -> float:
        """The shortfall in standard errors."""
        return self.by / max(sqrt(self.error**2 + self.common**2), 1e-12)


def shortfalls(quality: Quality, promise: Promise, gate: Gate, seasons: Sequence[str] = ()) -> tuple[Shortfall, ...]:
    """Every comparison of a window with its limits.

    `gate`: with its open settings filled in; `seasons`: the names of the window's.
    """
    reader = _Reader(gate, promise, seasons)
    if not quality.metrics:
        return tuple(reader.of_metrics(quality.estimated, f"{quality.rows:,} rows without labels", ESTIMATE))
    rows = f"{quality.labelled:,} labelled rows"
    found = [
        *reader.of_metrics(quality.metrics, rows, QUALITY),
        *reader.of_slices(quality.slices),
        *reader.of_value(quality),
        *of_relations(quality.relations),
    ]
    unfair = list(reader.of_groups(quality.fairness))
    return (*found, *(replace(each, comparisons=len(unfair)) for each in unfair))


def of_relations(relations: Mapping[str, Any]) -> Iterator[Shortfall]:
    """Each feature whose groups have other differences between labels and scores than at release."""
    for name, change in relations.items():
        by = change["deviations"] if change["size"] >= _SMALLEST_CHANGE else min(0.0, change["deviations"])
        common = min(change["common"], 0.99)
        sentence = (
            f"The relation of {name} to the target changed: where {name} {change['group']} ({change['rows']:,} rows), "
            f"label minus score is {rounded(change['live'])} on average, {rounded(change['before'])} at release."
        )
        yield Shortfall(RELATION, name, by, sqrt(1 - common**2), sentence, common, len(relations))


@dataclass(frozen=True)
class _Change:
    """The change of a measure of one group since release, positive where it is worse; see Shortfall for the errors."""

    name: str
    rows: int
    by: float
    error: float
    common: float
    words: str


@dataclass(frozen=True)
class _Reader:
    gate: Gate
    promise: Promise
    seasons: Sequence[str]

    def of_metrics(self, metrics: Mapping[str, Any], rows: str, kind: str) -> Iterator[Shortfall]:
        """The gate's metric beside its promise, and each metric with a floor."""
        verb = "is estimated at" if kind == ESTIMATE else "is"
        live, whole = read_metric(metrics, self.gate.metric), read_metric(self.promise.metrics, self.gate.metric)
        if live.value is not None and whole.value is not None:
            yield min(
                (
                    Shortfall(
                        kind,
                        self.gate.metric,
                        _worse(self.gate.metric, promised, live.value) - self.gate.margin,
                        self._error(live),
                        f"{self.gate.metric} {verb} {_told(live)} on {rows}; {words}, "
                        f"the margin is {rounded(self.gate.margin)}.",
                        error,
                    )
                    for promised, error, words in self._promised(whole, "metric")
                ),
                key=lambda each: each.deviations,
            )
        for name, floor in self.gate.floors.items():
            seen = read_metric(metrics, name)
            if seen.value is not None:
                words = f"{name} {verb} {_told(seen)} on {rows}; the floor is {rounded(floor)}."
                yield Shortfall(
                    kind, f"{name} and its floor", _worse(name, floor, seen.value), self._error(seen), words
                )

    def _promised(self, whole: MetricValue, name: str) -> Iterator[tuple[float, float, str]]:
        """(a metric, its error, words for it): promised of all seasons, `whole`, and for the window's.

        A season excuses a shortfall and makes none.
        """
        assert whole.value is not None
        words, variance = f"{_told(whole)} was promised at release", self._error(whole) ** 2
        yield whole.value, sqrt(variance), words
        promised = whole.value
        for season in self.seasons:
            seen = member(self.promise.seasons.get(season), name)
            promised += number(member(seen, "effect")) or 0.0
            variance += (number(member(seen, "error")) or 0.0) ** 2
        if promised != whole.value:
            yield promised, sqrt(variance), f"{words}, {rounded(promised)} for this season"

    def of_slices(self, slices: Sequence[Any]) -> Iterator[Shortfall]:
        """Each declared slice beside its promise and its floor."""
        metric = self.gate.slices.metric or self.gate.metric
        promised = {member(each, "name"): read_metric(each, "metric") for each in self.promise.slices}
        for entry in slices:
            name, live = member(entry, "name"), read_metric(entry, "metric")
            if live.value is None:
                continue
            words = f"{metric} of the slice '{name}' is {_told(live)} on {member(entry, 'rows'):,} labelled rows"
            floor, before = number(member(entry, "floor")), promised.get(name, MetricValue())
            if floor is not None:
                by = _worse(metric, floor, live.value)
                yield Shortfall(
                    QUALITY,
                    f"slice {name} and its floor",
                    by,
                    self._error(live),
                    f"{words}; the floor is {rounded(floor)}.",
                )
            if before.value is not None:
                by = _worse(metric, before.value, live.value) - self.gate.margin
                sentence = f"{words}; {_told(before)} was promised at release."
                yield Shortfall(QUALITY, f"slice {name}", by, self._error(live), sentence, self._error(before))

    def of_value(self, quality: Quality) -> Iterator[Shortfall]:
        """The value per row beside its promise and its floor."""
        money = self.gate.value
        live = read_metric(member(quality.value, "candidate"), "per_row")
        if money is None or live.value is None:
            return
        words = f"The value is {_told(live)} {money.currency} per row over {quality.labelled:,} labelled rows"
        if money.floor is not None:
            yield Shortfall(
                VALUE, "value and its floor", money.floor - live.value, self._error(live),
                f"{words}; the floor is {rounded(money.floor)}.",
            )  # fmt: skip
        whole = read_metric(member(self.promise.value, "candidate"), "per_row")
        if whole.value is not None:
            shorts = [self._lost(money, live, each, quality.labelled, words) for each in self._promised(whole, "value")]
            yield min(shorts, key=lambda each: each.deviations)

    def _lost(
        self, money: Money, live: MetricValue, promise: tuple[float, float, str], rows: int, words: str
    ) -> Shortfall:
        assert live.value is not None
        promised, error, verb = promise
        lost = promised - live.value
        month = f", {rounded(lost * money.rows_per_month)} a month" if money.rows_per_month else ""
        sum_lost = f"{rounded(lost * rows)} {money.currency} less over these rows{month}"
        sentence = f"{words}; {verb}: {sum_lost}."
        return Shortfall(VALUE, "value", lost - money.margin, self._error(live), sentence, error)

    def of_groups(self, entries: Sequence[Any]) -> Iterator[Shortfall]:
        """Each group: its change since release beside the change of the other groups."""
        for entry in entries:
            columns = " and ".join(member(entry, "columns"))
            before = self._groups_of(member(entry, "columns"))
            rule = next((each for each in self.gate.fairness if [*each.columns] == member(entry, "columns")), None)
            measures = {"error", *(rule.max_difference if rule else ()), *(rule.min_ratio if rule else ())}
            for measure in sorted(measures - {"calibration", "selection_rate"}):
                yield from self._of_measure(columns, measure, entry, before)
            for measure, limit in (rule.max_difference if rule else {}).items():
                apart = read_metric(member(entry, "apart"), measure)
                if apart.value is not None:
                    between = " and ".join(member(entry["apart"][measure], "between"))
                    words = f"Between {between} ({columns}), {measure} differs by {_told(apart)}"
                    words += f"; {rounded(limit)} is allowed."
                    yield Shortfall(FAIRNESS, f"{columns}: {measure}", apart.value - limit, self._error(apart), words)

    def _groups_of(self, columns: Any) -> Mapping[tuple[str, ...], Any]:
        entry = next((each for each in self.promise.fairness if member(each, "columns") == columns), None)
        return {tuple(group["group"]): group["measures"] for group in member(entry, "groups") or ()}

    def _of_measure(
        self, columns: str, measure: str, entry: Any, before: Mapping[tuple[str, ...], Any]
    ) -> Iterator[Shortfall]:
        changes = [
            self._change(group, before.get(tuple(group["group"])), measure)
            for group in member(entry, "groups") or ()
            if group["judged"]
        ]
        known = [each for each in changes if each is not None]
        for place, mine in enumerate(known):
            others = [each for other, each in enumerate(known) if other != place]
            rows = sum(each.rows for each in others)
            if rows:
                shares = [each.rows / rows for each in others]
                of_others = sum(share * each.by for share, each in zip(shares, others, strict=True))
                parts = [(1.0, mine), *zip(shares, others, strict=True)]
                yield Shortfall(
                    FAIRNESS,
                    f"{columns}={mine.name}: {measure}",
                    mine.by - of_others - self.gate.margin,
                    sqrt(sum((share * each.error) ** 2 for share, each in parts)),
                    f"The group {columns}={mine.name} is treated worse: its {mine.words}; it changed by "
                    f"{rounded(mine.by)}, the other groups by {rounded(of_others)}.",
                    sqrt(sum((share * each.common) ** 2 for share, each in parts)),
                )

    def _change(self, group: Any, before: Any, measure: str) -> _Change | None:
        """The change of a measure of a group since release; None where it is not known."""
        live, then = read_metric(group["measures"], measure), read_metric(before, measure)
        if live.value is None or live.low is None or then.value is None or then.low is None:
            return None
        worse = then.value - live.value if measure in _LOWER_IS_WORSE else live.value - then.value
        words = f"{measure} is {_told(live)}, {_told(then)} at release"
        return _Change(" and ".join(group["group"]), group["rows"], worse, self._error(live), self._error(then), words)

    def _error(self, seen: MetricValue) -> float:
        """The standard error, from the interval."""
        if seen.low is None or seen.high is None:
            return 0.0
        return (seen.high - seen.low) / (2 * NormalDist().inv_cdf((1 + self.gate.confidence) / 2))


def _worse(metric: str, limit: float, live: float) -> float:
    return limit - live if greater_is_better(metric) else live - limit


def _told(seen: MetricValue) -> str:
    between = "" if seen.low is None or seen.high is None else f" ({rounded(seen.low)} to {rounded(seen.high)})"
    return f"{rounded(seen.value)}{between}" if seen.value is not None else "unknown"
