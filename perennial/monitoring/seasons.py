"""Drift beyond the season: a column counts only where it differs from every baseline that the window has.

A Saturday differs from the mean of a year without any drift. A window is therefore compared with the whole reference
and with what is known of its season: the reference rows of the same weekday or time of the year, and the first windows
of the same weekday after the release. A baseline never moves with the traffic, so slow drift is found in the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl

from perennial.contract.drift import Drift
from perennial.drift.comparison import compare, conclude
from perennial.drift.report import ORDER, ColumnDrift, DriftReport
from perennial.estimation.seasonal import LONGEST_OF_A_WEEKDAY, seasons_of
from perennial.profile import Grid, Profile, merge, profile

_DAY = timedelta(days=1)
_WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
#: the days of the year before and after a window whose reference rows are of its season
_REACH = 15
FEWEST_ROWS = 500
#: the weeks after the release whose windows are baselines
_WEEKS = 4


@dataclass(frozen=True)
class Baseline:
    """A profile to compare with, and its name in sentences, such as 'earlier Saturdays'."""

    name: str
    profile: Profile


@dataclass(frozen=True)
class ReferenceRows:
    """Rows of the reference, or a sample of them, with the time of each row's event."""

    rows: pl.DataFrame
    event_time: str

    def baselines(self, grid: Grid, start: datetime, end: datetime) -> list[Baseline]:
        """The reference rows of the weekday, of the time of the year, and of both, each if they are enough."""
        middle = start + (end - start) / 2
        time = pl.col(self.event_time)
        away = (time.dt.ordinal_day().cast(pl.Int32) - middle.timetuple().tm_yday).abs()
        of_year = pl.min_horizontal(away, 365 - away) <= _REACH
        seasons = [("the same time of the year", of_year)]
        if end - start <= LONGEST_OF_A_WEEKDAY:
            weekday, days = time.dt.weekday() == middle.isoweekday(), _WEEKDAYS[middle.weekday()]
            seasons += [(days, weekday), (f"{days} at the same time of the year", weekday & of_year)]
        return [each for name, chosen in seasons if (each := self._profiled(name, chosen, grid)).profile.rows]

    def _profiled(self, name: str, chosen: pl.Expr, grid: Grid) -> Baseline:
        part = self.rows.filter(chosen)
        enough = part if len(part) >= FEWEST_ROWS else part.head(0)
        return Baseline(name, profile(enough.select(list(grid.columns)), grid))


@dataclass(frozen=True)
class PastWindow:
    """A window of the same version: its profile, and whether anything of it drifted."""

    start: datetime
    end: datetime
    profile: Profile
    drifted: bool


def settled(past: Sequence[PastWindow], start: datetime, end: datetime, released: datetime) -> Profile | None:
    """The merged profile of the windows of the same weekday in the first weeks after the release; None without any.

    A window counts if nothing of it drifted, or if it lies in the first week and a later window within a week did not
    drift: what goes away by itself was a season.
    """
    season = _returning(start, end)
    chosen = [
        each.profile
        for each in past
        if each.end <= start
        and each.end <= released + 7 * _WEEKS * _DAY
        and _returning(each.start, each.end) == season
        and (not each.drifted or _went_away(each, past, released))
    ]
    return merge(*chosen) if chosen else None


def _returning(start: datetime, end: datetime) -> str:
    """The season that returns soonest: the weekday, or the month of a window of more than two days."""
    return seasons_of(start, end)[-2:][0]


def name_of(start: datetime, end: datetime) -> str:
    """The season that returns soonest, in words: `Saturdays`, or `rows of month 12`."""
    middle = start + (end - start) / 2
    return _WEEKDAYS[middle.weekday()] if end - start <= LONGEST_OF_A_WEEKDAY else f"rows of month {middle.month}"


def _went_away(window: PastWindow, past: Sequence[PastWindow], released: datetime) -> bool:
    early = window.end <= released + 8 * _DAY
    return early and any(not each.drifted for each in past if window.end <= each.start <= window.end + 7 * _DAY)


def compare_in_season(
    reference: Profile,
    baselines: Sequence[Baseline],
    current: Profile,
    thresholds: Drift,
    importance: Mapping[str, float] | None = None,
) -> DriftReport:
    """The drift of a window against the reference, each column as far as it differs from the nearest baseline.

    A baseline with fewer than 500 rows, or `thresholds.min_rows`, is left out: by chance it would excuse a drift.
    """
    whole = compare(reference, current, thresholds, importance)
    usable = [each for each in baselines if each.profile.rows >= max(FEWEST_ROWS, thresholds.min_rows)]
    if whole.verdict == "incomparable" or not whole.columns or not usable:
        return whole
    columns = dict(whole.columns)
    for each in usable:
        seen = compare(each.profile, current, thresholds, importance)
        for name, other in seen.columns.items():
            columns[name] = min(columns[name], _named(other, each.name), key=_rank)
    return conclude(columns, thresholds, (whole.reference_rows, whole.current_rows))


def _rank(column: ColumnDrift) -> tuple[int, float]:
    return ORDER.index(column.verdict), column.score


def _named(column: ColumnDrift, baseline: str) -> ColumnDrift:
    if column.verdict == "stable":
        return column
    return replace(column, sentence=f"{column.sentence}, compared with {baseline}")
