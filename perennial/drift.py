"""Two profiles in, a drift report out: effect sizes, each with the floor below which it is mere chance.

Without any drift the population stability index over B bins is about (B-1)(1/n + 1/m), and the other figures have
their own noise. A figure counts only where it exceeds both its threshold and what chance gives at these sample
sizes, with all columns and figures tested together: small samples do not cry wolf, nor do large ones over trifles.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log, sqrt
from statistics import NormalDist
from typing import Any, Literal

from perennial.profile import ColumnGrid, ColumnProfile, Profile
from perennial.shape import Shape, bins, shape

Level = Literal["stable", "watch", "drifted", "incomparable"]
_ORDER: tuple[Level, ...] = ("stable", "watch", "drifted", "incomparable")
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Thresholds:
    """For each figure, from where it is worth watching and from where it is drift.

    `psi` and `js` (distance, base 2) over deciles or categories; `ks` the largest gap between the distributions;
    `wasserstein` in the reference's standard deviations; `nulls`, `unseen` and `gone` as changes of a share of rows;
    `target`, for a target of classes, the share of rows that would have to change class.
    """

    psi: tuple[float, float] = (0.1, 0.2)
    js: tuple[float, float] = (0.12, 0.2)
    ks: tuple[float, float] = (0.08, 0.15)
    wasserstein: tuple[float, float] = (0.1, 0.2)
    nulls: tuple[float, float] = (0.01, 0.03)
    unseen: tuple[float, float] = (0.005, 0.02)
    gone: tuple[float, float] = (0.005, 0.01)
    target: tuple[float, float] = (0.05, 0.1)
    #: how rarely a report over data that did not drift may say that it did
    false_alarms: float = 0.005
    #: fewer rows than this on either side tell nothing
    min_rows: int = 50
    #: a column less important than this, relative to the most important one, is never more than watched
    importance: float = 0.01


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How far one column moved: its figures, the floor of each under chance alone, and a sentence."""

    verdict: Level
    role: str
    figures: Mapping[str, float]
    floors: Mapping[str, float]
    score: float
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict,
            "role": self.role,
            "figures": {name: round(value, 12) for name, value in self.figures.items()},
            "floors": {name: round(value, 12) for name, value in self.floors.items()},
            "score": round(self.score, 12),
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The verdict over all columns, the one that moved most, and each for itself."""

    verdict: Level
    sentence: str
    moved: str | None = None
    reference_rows: int = 0
    current_rows: int = 0
    columns: Mapping[str, ColumnDrift] = field(default_factory=dict)

    @property
    def drifted(self) -> bool:
        """Whether the current data is another than the reference; what cannot be compared counts as such."""
        return self.verdict in ("drifted", "incomparable")

    def as_dict(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "verdict": self.verdict,
            "sentence": self.sentence,
            "moved": self.moved,
            "reference_rows": self.reference_rows,
            "current_rows": self.current_rows,
            "columns": {name: column.as_dict() for name, column in self.columns.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "DriftReport":
        names = ("verdict", "sentence", "moved", "reference_rows", "current_rows")
        columns = {name: ColumnDrift(**column) for name, column in data["columns"].items()}
        return cls(**{name: data[name] for name in names}, columns=columns)


def compare(
    reference: Profile,
    current: Profile,
    thresholds: Thresholds | None = None,
    importance: Mapping[str, float] | None = None,
) -> DriftReport:
    """How far the current data moved from the reference.

    `importance` weighs features (any non-negative scale, a column it lacks weighs nothing); the target always
    counts in full. Columns that are neither are reported and do not count.
    """
    thresholds = thresholds or Thresholds()
    sizes = reference.rows, current.rows
    if reference.grid.digest != current.grid.digest:
        sentence = "the profiles were counted over different grids and cannot be compared"
        return DriftReport("incomparable", sentence, None, *sizes)
    if min(sizes) < thresholds.min_rows:
        sentence = f"{min(sizes):,} rows tell nothing, {thresholds.min_rows:,} are needed on both sides"
        return DriftReport("stable", sentence, None, *sizes)
    tests = 4 * max(sum(column.role != "other" for column in reference.grid.columns.values()), 1)
    sigmas = NormalDist().inv_cdf(1 - thresholds.false_alarms / tests)
    weights = _weights(reference, importance)
    columns = {
        name: _column(name, grid, reference.columns[name], current.columns[name], thresholds, sigmas, weights[name])
        for name, grid in reference.grid.columns.items()
    }
    return _over_all(columns, weights, sizes)


def _over_all(columns: Mapping[str, ColumnDrift], weights: Mapping[str, float], sizes: tuple[int, int]) -> DriftReport:
    counted = {name: column for name, column in columns.items() if column.role != "other"}
    if not counted:
        return DriftReport("stable", "no column counts for drift", None, *sizes, columns)
    verdict = max((column.verdict for column in counted.values()), key=_ORDER.index)
    moved = max(counted, key=lambda name: (_ORDER.index(counted[name].verdict), counted[name].score * weights[name]))
    share = sum(column.verdict == verdict for column in counted.values())
    if verdict == "stable":
        sentence = f"none of {len(counted)} columns moved beyond chance or its threshold"
    else:
        word = "drifted" if verdict == "drifted" else "to watch"
        sentence = f"{share} of {len(counted)} columns {word}; {moved} moved most: {counted[moved].sentence}"
    return DriftReport(verdict, sentence, moved, *sizes, columns)


def _weights(reference: Profile, importance: Mapping[str, float] | None) -> dict[str, float]:
    if not importance or max(importance.values()) <= 0:
        return dict.fromkeys(reference.grid.columns, 1.0)
    most = max(importance.values())
    return {
        name: 1.0 if grid.role == "target" else max(importance.get(name, 0.0), 0.0) / most
        for name, grid in reference.grid.columns.items()
    }


def _column(
    name: str,
    grid: ColumnGrid,
    one: ColumnProfile,
    two: ColumnProfile,
    thresholds: Thresholds,
    sigmas: float,
    weight: float,
) -> ColumnDrift:
    figures, floors = _missing(one, two, sigmas)
    told = {"nulls": _told_nulls(one, two)}
    if min(one.count, two.count) > 0:
        measure = _categories if grid.kind == "categories" else _numbers
        more, more_floors, more_told = measure(grid, one, two, sigmas)
        figures, floors, told = figures | more, floors | more_floors, told | more_told
    levels = {figure: _level(figures[figure], floors[figure], getattr(thresholds, figure)) for figure in figures}
    scores = {figure: figures[figure] / max(getattr(thresholds, figure)[1], floors[figure]) for figure in figures}
    worst = max(figures, key=lambda figure: (_ORDER.index(levels[figure]), scores[figure]))
    verdict = levels[worst]
    if verdict == "drifted" and weight < thresholds.importance:
        verdict = "watch"
    sentence = told.get(worst, "") if verdict != "stable" else "as before"
    return ColumnDrift(verdict, grid.role, figures, floors, scores[worst], sentence)


def _level(figure: float, floor: float, threshold: tuple[float, float]) -> Level:
    watch, drifted = threshold
    if figure <= floor or figure < watch:
        return "stable"
    return "drifted" if figure >= drifted else "watch"


Measured = tuple[dict[str, float], dict[str, float], dict[str, str]]


def _missing(one: ColumnProfile, two: ColumnProfile, sigmas: float) -> tuple[dict[str, float], dict[str, float]]:
    figure, floor = _shares(one.nulls + one.nans, one.rows, two.nulls + two.nans, two.rows, sigmas)
    return {"nulls": abs(figure)}, {"nulls": floor}


def _shares(x: int, n: int, y: int, m: int, sigmas: float) -> tuple[float, float]:
    """The change from x of n to y of m, and what chance alone may give (Agresti-Caffo: one more each way)."""
    pooled = (x + y + 2) / (n + m + 4)
    return y / max(m, 1) - x / max(n, 1), sigmas * sqrt(pooled * (1 - pooled) * (1 / max(n, 1) + 1 / max(m, 1)))


def _numbers(grid: ColumnGrid, one: ColumnProfile, two: ColumnProfile, sigmas: float) -> Measured:
    before, after = shape(grid, one, two), shape(grid, two, one)
    noise = 1 / one.count + 1 / two.count
    shares = _filled(*_lumped(bins(one), bins(two)))
    figures, floors = _binned(*shares, noise, sigmas)
    deviation = one.moments.deviation or two.moments.deviation or 1.0
    figures["ks"] = max(abs(a - b) for a, b in zip(before.shares, after.shares, strict=True))
    floors["ks"] = sqrt(max(-log((1 - NormalDist().cdf(sigmas)) / 2) / 2, 0.0) * noise)
    figures["wasserstein"] = _area(before, after) / deviation
    floors["wasserstein"] = sigmas * _spread(before, after) * sqrt(noise) / deviation
    said = _told_numbers(grid, one, two, figures)
    return figures, floors, dict.fromkeys(figures, said)


def _categories(grid: ColumnGrid, one: ColumnProfile, two: ColumnProfile, sigmas: float) -> Measured:
    noise = 1 / one.count + 1 / two.count
    counts = [*one.cells, one.other], [*two.cells, two.other]
    figures, floors = _binned(*_filled(*_lumped(*counts)), noise, sigmas)
    unseen, floors["unseen"] = _shares(one.other, one.count, two.other, two.count, sigmas)
    figures["unseen"] = max(unseen, 0.0)
    gone = [place for place, count in enumerate(two.cells) if count == 0 and one.cells[place]]
    most = max(gone, key=lambda place: one.cells[place], default=None)
    figures["gone"] = one.cells[most] / one.count if most is not None else 0.0
    # that a share p of n rows is not in m rows has probability exp(-mp); n being a sample adds to the doubt
    floors["gone"] = (-log(1 - NormalDist().cdf(sigmas)) + sigmas) * noise
    if grid.role == "target":
        figures["target"] = sum(abs(a / one.count - b / two.count) for a, b in zip(*counts, strict=True)) / 2
        floors["target"] = sqrt(floors["psi"]) / 2  # by Cauchy and Schwarz, from the chi-square of the same bins
    told = dict.fromkeys(("psi", "js", "target"), _told_categories(grid, one, two))
    names = ", ".join(f"'{name}'" for name, _ in sorted(two.others, key=lambda other: -other[1])[:3])
    told["unseen"] = f"{figures['unseen']:.1%} more rows hold values unseen in the reference ({names})"
    if most is not None:
        told["gone"] = f"'{grid.categories[most]}', {figures['gone']:.1%} of rows before, is gone"
    return figures, floors, told


def _binned(p: list[float], q: list[float], noise: float, sigmas: float) -> tuple[dict[str, float], dict[str, float]]:
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


def _lumped(one: list[int], two: list[int]) -> tuple[list[int], list[int]]:
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


def _filled(one: list[int], two: list[int]) -> tuple[list[float], list[float]]:
    """Shares; an empty bin counts as half a row, so that the logarithm is finite."""
    n, m = sum(one), sum(two)
    return [(a or 0.5) / n for a in one], [(b or 0.5) / m for b in two]


def _area(before: Shape, after: Shape) -> float:
    """The area between two piecewise linear distribution functions over the same places: Wasserstein's distance."""
    area = 0.0
    gaps = [b - a for a, b in zip(before.shares, after.shares, strict=True)]
    for place in range(1, len(gaps)):
        width = before.places[place] - before.places[place - 1]
        left, right = gaps[place - 1], gaps[place]
        if left * right >= 0:
            area += width * abs(left + right) / 2
        else:
            area += width * (left * left + right * right) / (2 * (abs(left) + abs(right)))
    return area


def _spread(before: Shape, after: Shape) -> float:
    """The integral of sqrt(F(1-F)) of the pooled distribution: how much chance moves Wasserstein's distance."""
    total = 0.0
    for place in range(1, len(before.places)):
        share = (before.shares[place] + before.shares[place - 1] + after.shares[place] + after.shares[place - 1]) / 4
        total += (before.places[place] - before.places[place - 1]) * sqrt(max(share * (1 - share), 0.0))
    return total


def _told_nulls(one: ColumnProfile, two: ColumnProfile) -> str:
    before, after = ((part.nulls + part.nans) / max(part.rows, 1) for part in (one, two))
    return f"missing in {after:.1%} of rows, {before:.1%} before"


def _told_numbers(grid: ColumnGrid, one: ColumnProfile, two: ColumnProfile, figures: Mapping[str, float]) -> str:
    deviation = one.moments.deviation or two.moments.deviation
    shift = (two.moments.mean - one.moments.mean) / deviation if deviation else 0.0
    figure = f"PSI {figures['psi']:.2f}, KS {figures['ks']:.2f}"
    what = "its mean" if grid.kind == "numeric" else "its mean length"
    if grid.type in ("date", "datetime"):
        return f"its values lie {abs(shift):.2f} standard deviations {'later' if shift > 0 else 'earlier'} ({figure})"
    if abs(shift) >= 0.05:
        means = f"from {one.moments.mean:,.4g} to {two.moments.mean:,.4g}"
        return f"{what} went {means}, {abs(shift):.2f} standard deviations ({figure})"
    return f"its values are spread otherwise around the same mean ({figure})"


def _told_categories(grid: ColumnGrid, one: ColumnProfile, two: ColumnProfile) -> str:
    names = [*(f"'{name}'" for name in grid.categories), "other values"]
    before = [count / one.count for count in (*one.cells, one.other)]
    after = [count / two.count for count in (*two.cells, two.other)]
    most = max(range(len(names)), key=lambda place: abs(after[place] - before[place]))
    return f"{names[most]} went from {before[most]:.1%} to {after[most]:.1%} of rows"
