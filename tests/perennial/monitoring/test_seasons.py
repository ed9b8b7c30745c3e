"""A season is not drift, and drift does not become a season."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract
from perennial.contract.drift import Drift
from perennial.estimation.seasonal import seasons_of
from perennial.monitoring.seasons import Baseline, PastWindow, ReferenceRows, compare_in_season, settled
from perennial.profile import freeze, profile

DAY = timedelta(days=1)
START = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
CONTRACT = Contract({"x": Column("number"), "y": Column("boolean")}, "y")
REFERENCE = pl.DataFrame(
    {
        "x": np.concatenate([np.random.default_rng(1).normal(3.0 * (day % 7 > 4), 1, 300) for day in range(70)]),
        "y": [True, False] * 10_500,
        "at": [START - 70 * DAY + day * DAY for day in range(70) for _ in range(300)],
    }
).with_columns(pl.col("at").dt.cast_time_unit("us"))
GRID = freeze(REFERENCE, CONTRACT)


def rows(mean: float, seed: int = 2):
    x = np.random.default_rng(seed).normal(mean, 1, 1000)
    return profile(pl.DataFrame({"x": x, "y": [True, False] * 500}), GRID)


def past(day: int, mean: float, drifted: bool) -> PastWindow:
    return PastWindow(START + day * DAY, START + (day + 1) * DAY, rows(mean, day), drifted)


def verdict(mean: float, day: int, baselines: list[Baseline]) -> str:
    return compare_in_season(profile(REFERENCE, GRID), baselines, rows(mean, 100 + day), Drift()).columns["x"].verdict


def test_a_saturday_is_compared_with_saturdays_of_the_reference():
    reference, saturday = ReferenceRows(REFERENCE, "at"), START + 5 * DAY
    assert verdict(3.0, 5, []) == "drifted"
    assert verdict(3.0, 5, reference.baselines(GRID, saturday, saturday + DAY)) == "stable"
    assert verdict(3.0, 1, reference.baselines(GRID, START + DAY, START + 2 * DAY)) == "drifted"


def test_a_season_of_too_few_rows_excuses_nothing():
    few = ReferenceRows(REFERENCE.filter(pl.col("at") > START - 8 * DAY), "at")
    assert few.baselines(GRID, START + 5 * DAY, START + 6 * DAY)[0].name == "the same time of the year"
    small = ReferenceRows(REFERENCE.head(400), "at")
    assert small.baselines(GRID, START, START + DAY) == []


def test_a_weekend_that_went_away_is_the_baseline_of_the_next():
    first = [past(5, 3.0, True), past(6, 3.0, True), past(7, 0.0, False)]
    saturday = (START + 12 * DAY, START + 13 * DAY)
    assert settled(first, *saturday, START).rows == 1000
    assert settled(first[:2], *saturday, START) is None  # it did not go away


def test_drift_that_stays_never_becomes_a_baseline():
    lasting = [past(day, 3.0, True) for day in range(14)]
    assert settled(lasting, START + 14 * DAY, START + 15 * DAY, START) is None


def test_baselines_do_not_move_with_slow_drift():
    slow = [past(day, day / 50, False) for day in range(0, 140, 7)]
    found = settled(slow, START + 147 * DAY, START + 148 * DAY, START)
    assert found.rows == 4 * 1000
    assert verdict(147 / 50, 147, [Baseline("earlier Mondays", found)]) == "drifted"


@pytest.mark.parametrize(("days", "names"), [(1, ("1-6", "6", "1-")), (2, ("1-7", "7", "1-")), (7, ("1-",))])
def test_the_middle_of_a_window_decides_its_season(days, names):
    saturday = START + 5 * DAY
    assert seasons_of(saturday, saturday + days * DAY) == names
