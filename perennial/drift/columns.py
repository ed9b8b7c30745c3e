"""Drift metrics of one column: values, noise floors and sentences.

Categories have PSI, Jensen-Shannon distance, the share of unseen values and missing categories; numbers have PSI,
Jensen-Shannon, Kolmogorov-Smirnov and Wasserstein; every column has its nulls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt

from perennial.contract.naming import FEWEST_NAMED, UNNAMED
from perennial.contract.values import rounded
from perennial.drift.distributions import compare_distributions, decile_counts
from perennial.drift.noise import NoiseFloors, variance
from perennial.profile import ColumnGrid, ColumnProfile

_MIN_EXPECTED = 5  # rows expected in a bin: with fewer the chi-square approximation does not hold
MetricsAndFloors = tuple[dict[str, float], dict[str, float]]


def binned_metrics(
    reference: Sequence[int], current: Sequence[int], noise: NoiseFloors, target: bool
) -> MetricsAndFloors:
    """Metrics and noise floors by name: `psi`, `js`, and `target` for the target.

    PSI: sum of (q-p) ln(q/p), a symmetric Kullback-Leibler divergence (Jeffreys, 1946; Siddiqi, "Credit Risk
    Scorecards", 2006). JS: the square root of the Jensen-Shannon divergence (Lin, 1991) in bits, a metric from 0 to 1
    (Endres and Schindelin, 2003). Without drift PSI / noise and 8 ln2 JS² / noise are chi-square in the limit. The
    target's metric is the total variation distance, at most half of chi by Cauchy and Schwarz.
    """
    reference, current = _merge_sparse_bins(reference, current)
    n, m = sum(reference), sum(current)
    p, q = [count / n for count in reference], [count / m for count in current]
    filled = zip([(count or 0.5) / n for count in reference], [(count or 0.5) / m for count in current], strict=True)
    psi = sum((b - a) * log(b / a) for a, b in filled)
    divergence = sum(
        _half_divergence(a, (a + b) / 2) + _half_divergence(b, (a + b) / 2) for a, b in zip(p, q, strict=True)
    )
    floor = noise.chi_square(max(len(p) - 1, 1)) * variance(n, m)
    values = {"psi": psi, "js": sqrt(max(divergence, 0.0))}
    floors = {"psi": floor, "js": sqrt(floor / 8 / log(2))}
    if target:
        values["target"] = sum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2
        floors["target"] = sqrt(floor) / 2
    return values, floors


def _half_divergence(a: float, middle: float) -> float:
    return 0.5 * a * log(a / middle, 2) if a else 0.0


def _merge_sparse_bins(reference: Sequence[int], current: Sequence[int]) -> tuple[list[int], list[int]]:
    """Merges the bins with too few expected rows for the chi-square approximation."""
    n, m = sum(reference), sum(current)
    pairs: list[tuple[int, int]] = []
    sparse = [0, 0]
    for a, b in zip(reference, current, strict=True):
        if (a + b) * min(n, m) < _MIN_EXPECTED * (n + m):
            sparse = [sparse[0] + a, sparse[1] + b]
        else:
            pairs.append((a, b))
    if any(sparse):
        pairs.append((sparse[0], sparse[1]))
    return [a for a, _ in pairs], [b for _, b in pairs]


@dataclass(frozen=True, slots=True)
class ColumnMetrics:
    """Metrics by name, the noise floor of each, and the sentence for the case that it is the worst."""

    values: Mapping[str, float]
    floors: Mapping[str, float]
    texts: Mapping[str, str]

    def __or__(self, other: "ColumnMetrics") -> "ColumnMetrics":
        return ColumnMetrics(
            {**self.values, **other.values}, {**self.floors, **other.floors}, {**self.texts, **other.texts}
        )


def category_metrics(
    grid: ColumnGrid, reference: ColumnProfile, current: ColumnProfile, noise: NoiseFloors
) -> ColumnMetrics:
    """PSI and JS over the categories; the share of unseen values; the most frequent missing category."""
    counts = [*reference.cells, reference.other], [*current.cells, current.other]
    values, floors = binned_metrics(*counts, noise, grid.role == "target")
    texts = dict.fromkeys(values, categories_text(grid, reference, current))
    unseen, floors["unseen"] = noise.change(reference.other, reference.count, current.other, current.count)
    values["unseen"] = max(unseen, 0.0)
    texts["unseen"] = unseen_text(current, values["unseen"])
    missing = [place for place, count in enumerate(current.cells) if count == 0 and reference.cells[place]]
    values["missing_category"], floors["missing_category"] = (
        0.0,
        noise.absence(variance(reference.count, current.count)),
    )
    if missing:
        most = max(missing, key=lambda place: reference.cells[place])
        values["missing_category"] = reference.cells[most] / reference.count
        named = f"'{grid.categories[most]}'" if reference.cells[most] >= FEWEST_NAMED else UNNAMED
        texts["missing_category"] = f"{named}, {values['missing_category']:.1%} of rows before, is missing"
    return ColumnMetrics(values, floors, texts)


def number_metrics(
    grid: ColumnGrid, reference: ColumnProfile, current: ColumnProfile, noise: NoiseFloors
) -> ColumnMetrics:
    """PSI and JS over the grid's deciles; KS; Wasserstein distance in the reference's standard deviations."""
    values, floors = binned_metrics(decile_counts(reference), decile_counts(current), noise, grid.role == "target")
    difference, factor = (
        compare_distributions(grid, reference, current),
        variance(reference.count, current.count),
    )
    deviation = reference.moments.deviation or current.moments.deviation or 1.0
    values["ks"], floors["ks"] = difference.gap, noise.gap(factor)
    values["wasserstein"] = difference.area / deviation
    floors["wasserstein"] = noise.area(difference.spread, _pooled(reference, current), factor) / deviation
    return ColumnMetrics(values, floors, dict.fromkeys(values, numbers_text(grid, reference, current, values)))


def _pooled(reference: ColumnProfile, current: ColumnProfile) -> float:
    """The pooled standard deviation of both, each around its own mean."""
    count = reference.moments.count + current.moments.count
    return float(((reference.moments.m2 + current.moments.m2) / count) ** 0.5) if count else 0.0


def nulls_text(reference: ColumnProfile, current: ColumnProfile) -> str:
    before, after = ((part.nulls + part.nans) / max(part.rows, 1) for part in (reference, current))
    return f"missing in {after:.1%} of rows, {before:.1%} before"


def numbers_text(
    grid: ColumnGrid, reference: ColumnProfile, current: ColumnProfile, values: Mapping[str, float]
) -> str:
    deviation = reference.moments.deviation or current.moments.deviation
    shift = (current.moments.mean - reference.moments.mean) / deviation if deviation else 0.0
    measured = f"PSI {values['psi']:.2f}, KS {values['ks']:.2f}"
    what = "its mean" if grid.kind == "numeric" else "its mean length"
    if grid.type in ("date", "datetime"):
        return f"its values are {abs(shift):.2f} standard deviations {'later' if shift > 0 else 'earlier'} ({measured})"
    if abs(shift) >= 0.05:
        means = f"from {rounded(reference.moments.mean)} to {rounded(current.moments.mean)}"
        return f"{what} changed {means}, {abs(shift):.2f} standard deviations ({measured})"
    return f"its distribution changed around the same mean ({measured})"


def categories_text(grid: ColumnGrid, reference: ColumnProfile, current: ColumnProfile) -> str:
    names = [*(f"'{name}'" for name in grid.categories), "other values"]
    before = [count / reference.count for count in (*reference.cells, reference.other)]
    after = [count / current.count for count in (*current.cells, current.other)]
    most = max(range(len(names)), key=lambda place: abs(after[place] - before[place]))
    few = most < len(grid.categories) and max(reference.cells[most], current.cells[most]) < FEWEST_NAMED
    return f"{UNNAMED if few else names[most]} changed from {before[most]:.1%} to {after[most]:.1%} of rows"


def unseen_text(current: ColumnProfile, share: float) -> str:
    frequent = [other for other in current.others if other[1] >= FEWEST_NAMED]
    named = ", ".join(f"'{name}'" for name, _ in sorted(frequent, key=lambda other: -other[1])[:3])
    return f"{share:.1%} more rows hold values unseen in the reference" + (f" ({named})" if named else "")
