"""The windows of a version's traffic: each one's profile, quality and findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import polars as pl

from perennial.contract.drift import Drift
from perennial.contract.lifecycle import Monitoring
from perennial.contract.observed import AT, LABEL
from perennial.drift.report import DriftReport
from perennial.estimation.estimate import Estimation
from perennial.estimation.seasonal import seasons_of
from perennial.monitoring.answers import Served
from perennial.monitoring.promise import Promise, shortfalls
from perennial.monitoring.quality import Quality, measure
from perennial.monitoring.seasons import (
    Baseline,
    PastWindow,
    ReferenceRows,
    compare_in_season,
    name_of,
    settled,
)
from perennial.monitoring.verdict import Look
from perennial.profile import Grid, Profile, profile


@dataclass(frozen=True)
class Watched:
    """A version in service, and what its traffic is compared with. `rows`: rows of the reference, for seasons."""

    served: Served
    released: datetime
    reference: Profile
    promise: Promise = field(default_factory=Promise)
    estimation: Estimation = field(default_factory=Estimation)
    importance: Mapping[str, float] = field(default_factory=dict)
    drift: Drift = field(default_factory=Drift)
    policy: Monitoring = field(default_factory=Monitoring)
    rows: ReferenceRows | None = None
    target: str = ""


@dataclass(frozen=True)
class Window:
    """One window of a version. `seasons`: their names, narrowest first."""

    start: datetime
    end: datetime
    profile: Profile
    drift: DriftReport
    quality: Quality
    look: Look

    @property
    def past(self) -> PastWindow:
        """The part that later windows need."""
        return PastWindow(self.start, self.end, self.profile, self.drift.drifted)


def spans(until: datetime, hours: int, count: int, since: datetime) -> list[tuple[datetime, datetime]]:
    """The newest `count` windows before `until`, oldest first; the first may be shorter, for it starts at `since`."""
    step = timedelta(hours=hours)
    ends = [until - place * step for place in reversed(range(count))]
    return [(max(since, end - step), end) for end in ends if end > since]


def cut(frame: pl.DataFrame, span: tuple[datetime, datetime]) -> pl.DataFrame:
    """The rows of one window."""
    return frame.filter((pl.col(AT) >= span[0]) & (pl.col(AT) < span[1]))


def examine(
    frame: pl.DataFrame, span: tuple[datetime, datetime], watched: Watched, past: Sequence[PastWindow] = ()
) -> Window:
    """The findings about the rows of one window. `past`: the earlier windows of the same version."""
    start, end = span
    seasons = seasons_of(start, end)
    current = profiled(frame, watched)
    reference = _over(watched.reference, current.grid)
    baselines = watched.rows.baselines(current.grid, start, end) if watched.rows is not None else []
    comparable = [each for each in past if each.profile.grid.digest == current.grid.digest]
    learned = settled(comparable, start, end, watched.released)
    if learned is not None:
        baselines.append(Baseline(f"earlier {name_of(start, end)}", learned))
    drift = compare_in_season(reference, baselines, current, watched.drift, watched.importance)
    quality = measure(frame, watched.served, watched.estimation, watched.policy.min_labels)
    short = shortfalls(quality, watched.promise, watched.served.gate, seasons)
    known = len(seasons) == 1 or watched.rows is not None or learned is not None
    return Window(start, end, current, drift, quality, Look(len(frame), drift, short, known))


def profiled(frame: pl.DataFrame, watched: Watched) -> Profile:
    """The profile of a window over the grid of the reference; the target's is that of the labelled rows.

    Columns that are not in the traffic are left out, and the target where too few labels are known.
    """
    target, grids = watched.target, watched.reference.grid.columns
    features = Grid({name: grid for name, grid in grids.items() if name in frame.columns and name != target})
    whole = profile(frame, features)
    labels = frame.filter(pl.col(LABEL).is_not_null()) if target in grids else frame.head(0)
    if len(labels) < watched.policy.min_labels:
        return whole
    of_target = profile(labels.select(pl.col(LABEL).alias(target)), Grid({target: grids[target]}))
    return replace(
        whole,
        grid=Grid({**features.columns, target: grids[target]}),
        columns={**whole.columns, target: of_target.columns[target]},
    )


def _over(reference: Profile, grid: Grid) -> Profile:
    """The reference over the columns of the traffic alone."""
    return Profile(grid, reference.rows, {name: reference.columns[name] for name in grid.columns})
