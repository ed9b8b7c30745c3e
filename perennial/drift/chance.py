"""What chance alone does to figures of two samples of one population: the floors."""

from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt
from statistics import NormalDist


@dataclass(frozen=True)
class Chance:
    """How rarely one figure may exceed its floor where nothing drifted: all figures of a report are judged together."""

    alarm: float

    @cached_property
    def sigmas(self) -> float:
        """So many standard deviations a normal figure exceeds so rarely."""
        return NormalDist().inv_cdf(1 - self.alarm)

    def change(self, x: int, n: int, y: int, m: int) -> tuple[float, float]:
        """From x of n to y of m, and the floor, with Agresti and Caffo's (2000) one more each way."""
        pooled = (x + y + 2) / (n + m + 4)
        floor = self.sigmas * sqrt(pooled * (1 - pooled) * noise(n, m))
        return y / max(m, 1) - x / max(n, 1), floor

    def chi_square(self, freedom: int) -> float:
        """Its upper quantile; Wilson and Hilferty (1931): the cube root of it over its freedom is nearly normal."""
        part = 2 / (9 * freedom)
        return float(freedom * (1 - part + self.sigmas * sqrt(part)) ** 3)

    def gap(self, noise: float) -> float:
        """The largest gap between two distribution functions; Smirnov's limit, a bound at all sizes."""
        return sqrt(-log(self.alarm / 2) / 2 * noise)

    def area(self, spread: float, deviation: float, noise: float) -> float:
        """The area between two distribution functions, `spread` the integral of sqrt(F(1-F)).

        In the limit it is the integral of |B(F)|, B the Brownian bridge: sqrt(2/pi) spread on average, and beyond that
        no wider than a normal figure with the deviation of the values (concentration of Gaussian suprema: Borell,
        1975; Cirel'son, Ibragimov and Sudakov, 1976). See del Barrio, Gine and Matran (1999) for the limit.
        """
        return (0.7979 * spread + self.sigmas * deviation) * sqrt(noise)

    def absence(self, noise: float) -> float:
        """The share of a value that is absent from the other sample: a share p of n rows is absent from m with
        probability exp(-mp), and that p is itself of a sample adds to the doubt.
        """
        return (-log(self.alarm) + self.sigmas) * noise


def noise(n: int, m: int) -> float:
    """The variance, in units of a row's, of a difference of means of n and of m rows."""
    return 1 / max(n, 1) + 1 / max(m, 1)
