"""Population stability index and Jensen-Shannon distance of two lists of counts, and how many rows changed bins."""

from collections.abc import Sequence
from math import log, sqrt

from perennial.drift.chance import Chance, noise

_FEWEST = 5  # rows expected in a bin: with fewer the chi-square approximation does not hold
Floored = tuple[dict[str, float], dict[str, float]]


def binned(one: Sequence[int], two: Sequence[int], chance: Chance, target: bool) -> Floored:
    """Figures and floors by name: `psi`, `js`, and `target` where the column is one.

    PSI: sum of (q-p) ln(q/p), a symmetric Kullback-Leibler divergence (Jeffreys, 1946; Siddiqi, "Credit Risk
    Scorecards", 2006). JS: the square root of the Jensen-Shannon divergence (Lin, 1991) in bits, a metric from 0 to 1
    (Endres and Schindelin, 2003). Without drift PSI / noise and 8 ln2 JS² / noise are chi-square in the limit. The
    target's figure is the total variation, at most half of chi by Cauchy and Schwarz.
    """
    one, two = _lumped(one, two)
    n, m = sum(one), sum(two)
    p, q = [count / n for count in one], [count / m for count in two]
    filled = zip([(count or 0.5) / n for count in one], [(count or 0.5) / m for count in two], strict=True)
    psi = sum((b - a) * log(b / a) for a, b in filled)
    divergence = sum(_half(a, (a + b) / 2) + _half(b, (a + b) / 2) for a, b in zip(p, q, strict=True))
    floor = chance.chi_square(max(len(p) - 1, 1)) * noise(n, m)
    figures = {"psi": psi, "js": sqrt(max(divergence, 0.0))}
    floors = {"psi": floor, "js": sqrt(floor / 8 / log(2))}
    if target:
        figures["target"] = sum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2
        floors["target"] = sqrt(floor) / 2
    return figures, floors


def _half(a: float, middle: float) -> float:
    return 0.5 * a * log(a / middle, 2) if a else 0.0


def _lumped(one: Sequence[int], two: Sequence[int]) -> tuple[list[int], list[int]]:
    """Bins too thin for the chi-square approximation on either side are counted as one."""
    n, m = sum(one), sum(two)
    pairs: list[tuple[int, int]] = []
    thin = [0, 0]
    for a, b in zip(one, two, strict=True):
        if (a + b) * min(n, m) < _FEWEST * (n + m):
            thin = [thin[0] + a, thin[1] + b]
        else:
            pairs.append((a, b))
    if any(thin):
        pairs.append((thin[0], thin[1]))
    return [a for a, _ in pairs], [b for _, b in pairs]
