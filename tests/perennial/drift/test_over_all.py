"""Dataset drift, weighted by the champion's importance: many small shifts are drift too."""

import numpy as np
import polars as pl
import pytest

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract
from perennial.contract.drift import Drift, Threshold
from perennial.drift import DriftReport, compare
from perennial.profile import freeze, profile

NAMES = [f"x{place}" for place in range(8)]
CONTRACT = Contract(
    {**{name: Column("number", nullable=True) for name in NAMES}, "y": Column("boolean", nullable=True)}, "y"
)


def table(seed: int, shift: float, moved: int) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    data = {name: chance.normal(shift * (place < moved), 1, 20_000) for place, name in enumerate(NAMES)}
    return pl.DataFrame(data).with_columns(y=pl.Series(chance.random(20_000) < 0.3))


BEFORE = table(1, 0, 0)
GRID = freeze(BEFORE, CONTRACT)


def report(shift: float, moved: int, importance: dict[str, float] | None = None, **thresholds: float) -> DriftReport:
    counted = (profile(frame, GRID) for frame in (BEFORE, table(2, shift, moved)))
    return compare(*counted, Drift(**thresholds), importance)  # type: ignore[arg-type]


def test_many_columns_that_moved_a_little_have_drifted_together() -> None:
    found = report(0.14, 8)
    assert {found.columns[name].verdict for name in NAMES} == {"watch"}
    assert found.verdict == "drifted"
    assert found.sentence.startswith("no single column reaches drifted, but the dataset drift is 6")
    assert found.dataset_drift == pytest.approx(8 / 9 * 0.7, abs=0.05)


def test_one_column_that_moved_a_little_is_watched() -> None:
    found = report(0.14, 1)
    assert (found.verdict, found.moved) == ("watch", "x0")
    assert found.dataset_drift < 0.2


def test_the_figure_over_all_is_weighted_by_importance() -> None:
    light = {name: 0.02 if name == "x0" else 1.0 for name in NAMES}
    heavy = {name: 1.0 if name == "x0" else 0.02 for name in NAMES}
    assert report(0.14, 1, light).dataset_drift < 0.01
    assert report(0.14, 1, heavy).dataset_drift == pytest.approx(0.7 / 2.14, abs=0.05)
    assert report(0.14, 1, heavy, dataset_drift=Threshold(0.1, 0.3)).verdict == "drifted"


def test_nothing_over_all_where_nothing_moved() -> None:
    found = report(0.0, 0)
    assert (found.verdict, found.dataset_drift) == ("stable", 0.0)


def test_an_important_column_is_named_before_one_that_moved_further() -> None:
    counted = [profile(frame, GRID) for frame in (BEFORE, table(2, 0.6, 1).with_columns(x1=table(3, 0.4, 8)["x1"]))]
    assert compare(*counted).moved == "x0"
    assert compare(*counted, importance={"x0": 0.1, "x1": 1.0}).moved == "x1"
