"""How a column moved, in words."""

from collections.abc import Mapping

from perennial.figures import plain
from perennial.profile import ColumnGrid, ColumnProfile


def told_nulls(one: ColumnProfile, two: ColumnProfile) -> str:
    before, after = ((part.nulls + part.nans) / max(part.rows, 1) for part in (one, two))
    return f"missing in {after:.1%} of rows, {before:.1%} before"


def told_numbers(grid: ColumnGrid, one: ColumnProfile, two: ColumnProfile, figures: Mapping[str, float]) -> str:
    deviation = one.moments.deviation or two.moments.deviation
    shift = (two.moments.mean - one.moments.mean) / deviation if deviation else 0.0
    figure = f"PSI {figures['psi']:.2f}, KS {figures['ks']:.2f}"
    what = "its mean" if grid.kind == "numeric" else "its mean length"
    if grid.type in ("date", "datetime"):
        return f"its values lie {abs(shift):.2f} standard deviations {'later' if shift > 0 else 'earlier'} ({figure})"
    if abs(shift) >= 0.05:
        means = f"from {plain(one.moments.mean)} to {plain(two.moments.mean)}"
        return f"{what} went {means}, {abs(shift):.2f} standard deviations ({figure})"
    return f"its values are spread otherwise around the same mean ({figure})"


def told_categories(grid: ColumnGrid, one: ColumnProfile, two: ColumnProfile) -> str:
    names = [*(f"'{name}'" for name in grid.categories), "other values"]
    before = [count / one.count for count in (*one.cells, one.other)]
    after = [count / two.count for count in (*two.cells, two.other)]
    most = max(range(len(names)), key=lambda place: abs(after[place] - before[place]))
    return f"{names[most]} went from {before[most]:.1%} to {after[most]:.1%} of rows"


def told_unseen(two: ColumnProfile, share: float) -> str:
    named = ", ".join(f"'{name}'" for name, _ in sorted(two.others, key=lambda other: -other[1])[:3])
    return f"{share:.1%} more rows hold values unseen in the reference" + (f" ({named})" if named else "")
