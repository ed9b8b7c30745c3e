"""Noise floors: upper quantiles of the drift metrics of two samples of one population."""

from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt
from statistics import NormalDist


@dataclass(frozen=True)
class NoiseFloors:
    """The noise floors at a false alarm rate per metric; the rate of the report is divided among its metrics."""

    false_alarm_rate: float

    @cached_property
    def sigmas(self) -> float:
        """The upper quantile of the standard normal distribution."""
        return NormalDist().inv_cdf(1 - self.false_alarm_rate)

    def change(self, x: int, n: int, y: int, m: int) -> tuple[float, float]:
        """The change from x of n to y of m, and its floor with Agresti and Caffo's (2000) correction."""
        pooled = (x + y + 2) / (n + m + 4)
        floor = self.sigmas * sqrt(pooled * (1 - pooled) * variance(n, m))
        return y / max(m, 1) - x / max(n, 1), floor

    def chi_square(self, freedom: int) -> float:
        """The upper quantile of chi-square with `freedom` degrees of freedom (Wilson and Hilferty 1931)."""
        part = 2 / (9 * freedom)
        return float(freedom * (1 - part + self.sigmas * sqrt(part)) ** 3)

    def gap(self, variance: float) -> float:
        """The largest difference of two distribution functions: Smirnov's limit, a bound at all sizes."""
        return sqrt(-log(self.false_alarm_rate / 2) / 2 * variance)

    def area(self, spread: float, deviation: float, variance: float) -> float:
        """The area between two distribution functions, `spread` the integral of sqrt(F(1-F)).

        In the limit it is the integral of |B(F)|, B the Brownian bridge: sqrt(2/pi) spread on average, and beyond that
        no wider than a normal variable with the deviation of the values (concentration of Gaussian suprema: Borell,
        1975; Cirel'son, Ibragimov and Sudakov, 1976). See del Barrio, Gine and Matran (1999) for the limit.
        """
        return (0.7979 * spread + self.sigmas * deviation) * sqrt(variance)

    def absence(self, variance: float) -> float:
        """The share of a category that is missing from the other sample: a share p of n rows is absent from m with
        probability exp(-mp); the sampling error of p is added.
        """
        return (-log(self.false_alarm_rate) + self.sigmas) * variance


def variance(n: int, m: int) -> float:
    """The variance of a difference of means of n and of m rows, in units of the variance of one row."""
    return 1 / max(n, 1) + 1 / max(m, 1)
