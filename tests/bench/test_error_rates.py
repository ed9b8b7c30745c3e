"""A small run of the script that fills docs/drift.md: no false alarms without drift, and drift is detected."""

import polars as pl
import pytest

from bench.drift import columns
from bench.drift.error_rates import Scene, drifts
from bench.drift.population import parts, resamples
from perennial.profile import profile


@pytest.fixture(scope="module")
def population() -> pl.DataFrame:
    return columns.population(1)


@pytest.fixture(scope="module")
def scene(population: pl.DataFrame) -> Scene:
    return Scene(population, 2000)


def test_resamples_drawn_by_cell_are_as_those_drawn_by_row(population: pl.DataFrame, scene: Scene) -> None:
    drawn = list(resamples(parts(population, scene.grid), scene.grid, 2000, 60, 1))
    taken = [profile(population.sample(2000, with_replacement=True, seed=seed), scene.grid) for seed in range(60)]
    for name in ("normal", "pareto", "few counts", "mostly zero"):
        for metric in (
            lambda column: column.moments.mean,
            lambda column: column.moments.deviation,
            lambda column: column.deciles[-1],
            lambda column: column.tails[1],
            lambda column: column.nulls,
        ):
            one, two = (pl.Series([float(metric(one.columns[name])) for one in side]) for side in (drawn, taken))
            error = ((one.var() + two.var()) / 60) ** 0.5  # type: ignore[operator]
            assert abs(one.mean() - two.mean()) <= 4 * error + 1e-9, name  # type: ignore[operator]


def test_one_population_is_hardly_ever_called_drifted(population: pl.DataFrame, scene: Scene) -> None:
    assert Scene(population, 200).calm(60)["drifted"] <= 3
    assert scene.calm(60)["drifted"] <= 3


def test_what_moved_is_found_in_two_thousand_rows(scene: Scene) -> None:
    found = {words: scene.found(60, moved) for words, moved in drifts()}
    assert min(found.values()) >= 0.95, found
