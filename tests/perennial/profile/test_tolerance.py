"""Values that differ by the rounding of a float are counted alike."""

import numpy as np
import polars as pl
import pytest

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract
from perennial.contract.drift import Drift
from perennial.drift import compare
from perennial.profile import freeze, profile

CONTRACT = Contract({"x": Column("number"), "y": Column("number")}, "y", "regression")


def psi(reference: np.ndarray, current: np.ndarray) -> tuple[str, float]:
    frames = [pl.DataFrame({"x": values, "y": np.zeros(len(values))}) for values in (reference, current)]
    grid = freeze(frames[0], CONTRACT)
    report = compare(*(profile(frame, grid) for frame in frames), Drift())
    return report.columns["x"].verdict, report.columns["x"].metrics["psi"]


RNG = np.random.default_rng(5)
MANY = {
    "a constant": np.full(3000, 0.1),
    "a constant below nought": np.full(3000, -0.3),
    "a few values": RNG.choice([0.1, 0.2, 0.3, 0.7], 3000),
    "many values": RNG.normal(1e6, 3.0, 3000),
    "decimals": np.round(RNG.random(3000), 2),
}


@pytest.mark.parametrize("name", MANY)
def test_a_32_bit_copy_of_a_column_has_not_drifted(name: str) -> None:
    verdict, distance = psi(MANY[name], MANY[name].astype(np.float32).astype(np.float64))
    assert verdict == "stable"
    assert distance < 0.01


@pytest.mark.parametrize("towards", [-np.inf, np.inf])
def test_a_constant_and_the_next_float_are_one_value(towards: float) -> None:
    verdict, distance = psi(np.full(3000, 0.1), np.full(3000, np.nextafter(0.1, towards)))
    assert (verdict, distance) == ("stable", pytest.approx(0, abs=1e-3))
