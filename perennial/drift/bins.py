"""Population stability index and Jensen-Shannon distance of two lists of counts."""

from math import log, sqrt


def binned(p: list[float], q: list[float], noise: float, sigmas: float) -> tuple[dict[str, float], dict[str, float]]:
    """PSI and Jensen-Shannon distance (base 2) of two lists of shares; floors by the chi-square approximation."""
    psi = sum((b - a) * log(b / a) for a, b in zip(p, q, strict=True) if a and b)
    js = sum(_half(a, (a + b) / 2) + _half(b, (a + b) / 2) for a, b in zip(p, q, strict=True))
    freedom = max(len(p) - 1, 1)
    # Wilson and Hilferty (1931): the cube root of a chi-square over its degrees of freedom is nearly normal
    quantile = freedom * (1 - 2 / (9 * freedom) + sigmas * sqrt(2 / (9 * freedom))) ** 3
    floor = quantile * noise
    return {"psi": psi, "js": sqrt(max(js, 0.0))}, {"psi": floor, "js": sqrt(floor / 8 / log(2))}


def _half(a: float, middle: float) -> float:
    return 0.5 * a * log(a / middle, 2) if a else 0.0


def lumped(one: list[int], two: list[int]) -> tuple[list[int], list[int]]:
    """Bins too thin for the chi-square approximation (fewer than 5 expected on either side) are counted as one."""
    n, m = sum(one), sum(two)
    pairs: list[tuple[int, int]] = []
    thin = [0, 0]
    for a, b in zip(one, two, strict=True):
        if (a + b) * min(n, m) < 5 * (n + m):
            thin = [thin[0] + a, thin[1] + b]
        else:
            pairs.append((a, b))
    if any(thin):
        pairs.append((thin[0], thin[1]))
    return [a for a, _ in pairs], [b for _, b in pairs]


def filled(one: list[int], two: list[int]) -> tuple[list[float], list[float]]:
    """Shares; an empty bin counts as half a row, so that the logarithm is finite."""
    n, m = sum(one), sum(two)
    return [(a or 0.5) / n for a in one], [(b or 0.5) / m for b in two]
