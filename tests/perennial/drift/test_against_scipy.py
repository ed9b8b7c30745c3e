"""The metrics from counts are those that scipy gives for the rows, within what is promised."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import jensenshannon

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract
from perennial.drift import compare
from perennial.profile import freeze, profile

ROWS = 60_000
CONTRACT = Contract({"x": Column("number", nullable=True), "y": Column("boolean", nullable=True)}, "y")
Draw = Callable[[np.random.Generator], NDArray[np.float64]]

PAIRS: dict[str, tuple[Draw, Draw]] = {
    "a normal one moved": (lambda c: c.normal(0, 1, ROWS), lambda c: c.normal(0.3, 1, 50_000)),
    "a normal one spread": (lambda c: c.normal(0, 1, ROWS), lambda c: c.normal(0, 1.3, 50_000)),
    "far from zero": (lambda c: c.normal(1e6, 1, ROWS), lambda c: c.normal(1e6 + 0.2, 1, 50_000)),
    "a lognormal one": (lambda c: c.lognormal(0, 1, ROWS), lambda c: c.lognormal(0.2, 1, 50_000)),
    "a tail without a variance": (lambda c: c.pareto(2.2, ROWS), lambda c: c.pareto(2.2, 50_000) * 1.3),
    "few counts": (
        lambda c: c.poisson(4, ROWS).astype(np.float64),
        lambda c: c.poisson(4.5, 50_000).astype(np.float64),
    ),
    "many counts": (
        lambda c: c.poisson(400, ROWS).astype(np.float64),
        lambda c: c.poisson(406, 50_000).astype(np.float64),
    ),
    "mostly zero": (
        lambda c: c.lognormal(0, 1, ROWS) * (c.random(ROWS) < 0.3),
        lambda c: c.lognormal(0, 1, 50_000) * (c.random(50_000) < 0.4),
    ),
    "a tenth beyond the grid": (
        lambda c: c.uniform(0, 1, ROWS),
        lambda c: c.uniform(0, 1, 50_000) + 3 * (c.random(50_000) < 0.1),
    ),
    "some below the grid, some above": (
        lambda c: c.uniform(0, 1, ROWS),
        lambda c: c.uniform(-0.2, 1.3, 50_000),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_metrics_are_scipys(name: str) -> None:
    chance = np.random.default_rng(5)
    one, two = (draw(chance) for draw in PAIRS[name])
    frames = [pl.DataFrame({"x": values, "y": np.arange(len(values)) % 2 == 0}) for values in (one, two)]
    grid = freeze(frames[0], CONTRACT)
    metrics = compare(*(profile(frame, grid) for frame in frames)).columns["x"].metrics
    edges = np.array(grid.columns["x"].deciles)
    counts = [np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) for values in (one, two)]
    p, q = (count / count.sum() for count in counts)
    # Far from zero a 32-bit float is coarse beside the deciles, and a value that near to one counts as equal to it.
    exact = 1e-3 if name == "far from zero" else 1e-9
    assert metrics["psi"] == pytest.approx(stats.entropy(p, q) + stats.entropy(q, p), abs=exact)
    assert metrics["js"] == pytest.approx(jensenshannon(p, q, base=2), abs=exact)
    assert metrics["ks"] == pytest.approx(stats.ks_2samp(one, two, method="asymp").statistic, abs=1e-3)
    assert metrics["wasserstein"] == pytest.approx(stats.wasserstein_distance(one, two) / one.std(), rel=1e-2)
