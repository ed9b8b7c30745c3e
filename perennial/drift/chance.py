"""What chance alone does to shares."""

from math import sqrt


def shares(x: int, n: int, y: int, m: int, sigmas: float) -> tuple[float, float]:
    """The change from x of n to y of m, and what chance alone may give (Agresti-Caffo: one more each way)."""
    pooled = (x + y + 2) / (n + m + 4)
    return y / max(m, 1) - x / max(n, 1), sigmas * sqrt(pooled * (1 - pooled) * (1 / max(n, 1) + 1 / max(m, 1)))
