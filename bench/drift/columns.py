"""The columns of the population: measurements, counts and categories of a business, with missing values; and their
drift.

Each column of numbers can be shifted by a number of its own standard deviations in the way of its kind: a location
shifts, prices rise by a factor, a rate grows, zeros become rarer.
"""

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract

ROWS = 200_000
Values = NDArray[np.float64]
Make = Callable[[np.random.Generator, float], Values]


def _normal(chance: np.random.Generator, moved: float) -> Values:
    return chance.normal(50 + 10 * moved, 10, ROWS)


def _bimodal(chance: np.random.Generator, moved: float) -> Values:
    # modes at 0 and 6 with deviation 1: the mean moves with the share of the upper mode
    share, deviation = 0.5, (1 + 9.0) ** 0.5
    values: Values = chance.normal(0, 1, ROWS) + 6 * (chance.random(ROWS) < share + moved * deviation / 6)
    return values


def _uniform(chance: np.random.Generator, moved: float) -> Values:
    return chance.uniform(0, 1, ROWS) + moved / 12**0.5


def _exponential(chance: np.random.Generator, moved: float) -> Values:
    return chance.exponential(30 * (1 + moved), ROWS)


def _lognormal(chance: np.random.Generator, moved: float) -> Values:
    values: Values = chance.lognormal(3, 1, ROWS) * (1 + moved * (np.e - 1) ** 0.5)
    return values


def _pareto(chance: np.random.Generator, moved: float) -> Values:
    # tail index 2.5: the fourth moment is infinite; deviation over mean is sqrt(1/(a(a-2)))
    values: Values = (1 + chance.pareto(2.5, ROWS)) * (1 + moved * (1 / (2.5 * 0.5)) ** 0.5)
    return values


def _few(chance: np.random.Generator, moved: float) -> Values:
    return chance.poisson(4 + 2 * moved, ROWS).astype(np.float64)


def _many(chance: np.random.Generator, moved: float) -> Values:
    return chance.poisson(400 + 20 * moved, ROWS).astype(np.float64)


def _mostly_zero(chance: np.random.Generator, moved: float) -> Values:
    share, mean = 0.3, np.e**0.5
    deviation = (share * np.e**2 - (share * mean) ** 2) ** 0.5
    values: Values = chance.lognormal(0, 1, ROWS) * (chance.random(ROWS) < share + moved * deviation / mean)
    return values


NUMBERS: dict[str, Make] = {
    "normal": _normal, "bimodal": _bimodal, "uniform": _uniform, "exponential": _exponential, "lognormal": _lognormal,
    "pareto": _pareto, "few counts": _few, "many counts": _many, "mostly zero": _mostly_zero,
}  # fmt: skip
CATEGORIES: dict[str, tuple[float, ...]] = {
    "yes or no": (0.8, 0.2),
    "four regions": (0.5, 0.3, 0.15, 0.05),
    "thirty shops": tuple(1 / rank for rank in range(1, 31)),
    "a thousand towns": tuple(rank**-1.1 for rank in range(1, 1001)),
    "hardly ever": (0.999, 0.001),
}
NULLS = {"normal": 0.01, "normal 2": 0.2, "lognormal": 0.05, "four regions": 0.01}
GONE, MISSING = "four regions", "normal"


def contract() -> Contract:
    """Fifteen features of numbers (six kinds twice), five of categories, and a target of two classes."""
    numbers = [*NUMBERS, *(f"{name} 2" for name in list(NUMBERS)[:6])]
    columns = {name: Column("number", nullable=True) for name in numbers} | {
        name: Column("category", nullable=True) for name in CATEGORIES
    }
    return Contract({**columns, "bought": Column("boolean", nullable=True)}, "bought")


def population(seed: int) -> pl.DataFrame:
    """All rows, before anything drifts."""
    chance = np.random.default_rng(seed)
    made: dict[str, pl.Series] = {}
    for name in contract().columns:
        if name == "bought":
            values = pl.Series(chance.random(ROWS) < 0.3)
        elif name in CATEGORIES:
            values = _named(CATEGORIES[name], chance)
        else:
            values = pl.Series(NUMBERS[name.removesuffix(" 2")](chance, 0.0))
        made[name] = _with_nulls(values, NULLS.get(name, 0.0), chance)
    return pl.DataFrame(made)


def shifted(name: str, deviations: float, seed: int) -> pl.DataFrame:
    """One column of the population with its mean shifted by a number of standard deviations."""
    chance = np.random.default_rng(seed)
    values = pl.Series(NUMBERS[name](chance, deviations))
    return pl.DataFrame({name: _with_nulls(values, NULLS.get(name, 0.0), chance)})


def without_category(seed: int) -> pl.DataFrame:
    """The column without a category that 5% of the rows had; the other categories get these rows."""
    chance = np.random.default_rng(seed)
    values = _named((*CATEGORIES[GONE][:-1], 0.0), chance)
    return pl.DataFrame({GONE: _with_nulls(values, NULLS[GONE], chance)})


def with_nulls(share: float, seed: int) -> pl.DataFrame:
    """The column with this share of missing values, instead of 1%."""
    chance = np.random.default_rng(seed)
    return pl.DataFrame({MISSING: _with_nulls(pl.Series(NUMBERS[MISSING](chance, 0.0)), share, chance)})


def _named(shares: tuple[float, ...], chance: np.random.Generator) -> pl.Series:
    whole = np.array(shares) / sum(shares)
    return "name " + pl.Series(chance.choice(len(shares), ROWS, p=whole)).cast(pl.String)


def _with_nulls(values: pl.Series, share: float, chance: np.random.Generator) -> pl.Series:
    if not share:
        return values
    return pl.select(pl.when(pl.Series(chance.random(ROWS) >= share)).then(values)).to_series()
