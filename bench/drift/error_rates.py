"""`python -m bench.drift.error_rates`: the false alarm rate and the detection rate of drift.

Writes the table into docs/drift.md. Both reference and current are resamples of one population (bench.drift.columns,
bench.drift.population), over a grid frozen from a sample as large as they are, 20,000 rows at most.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from bench.drift import columns
from bench.drift.population import Parts, parts, resamples
from perennial.contract.drift import Drift
from perennial.drift import compare
from perennial.profile import Grid, Profile, freeze

PAGE = Path(__file__).parents[2] / "docs" / "drift.md"
BEGIN, END = "<!-- error-rates -->", "<!-- /error-rates -->"
SIZES = (200, 2_000, 20_000, 200_000)
FROZEN_FROM = 20_000
SHIFT = 0.3


class Scene:
    """The population, in samples of one size; comparisons of resamples of it."""

    def __init__(self, population: pl.DataFrame, rows: int) -> None:
        self.rows = rows
        sample = population.sample(min(rows, FROZEN_FROM), seed=rows)
        self.grid = freeze(sample, columns.contract())
        self.parts = parts(population, self.grid)

    def calm(self, size: int) -> Counter[str]:
        """The verdicts of pairs of resamples of the same population."""
        pairs = zip(*(self._drawn(self.grid, self.parts, size, side) for side in (0, 1)), strict=True)
        return Counter(compare(reference, current).verdict for reference, current in pairs)

    def found(self, size: int, drifted: pl.DataFrame) -> float:
        """The detection rate of a column's drift: the share of pairs with drift in which the column is called drifted.

        Only this column is drawn and compared, with the correction for the number of all columns.
        """
        (name,) = drifted.columns
        grid = Grid({name: self.grid.columns[name]})
        strict = Drift(false_alarms=Drift().false_alarms / len(self.grid.columns))
        pairs = zip(
            self._drawn(grid, self.parts, size, 2), self._drawn(grid, parts(drifted, grid), size, 3), strict=True
        )
        return sum(compare(reference, current, strict).verdict == "drifted" for reference, current in pairs) / size

    def _drawn(self, grid: Grid, drawn: Parts, size: int, side: int) -> Iterator[Profile]:
        return resamples(drawn, grid, self.rows, size, 10 * self.rows + side)


def drifts() -> Iterator[tuple[str, pl.DataFrame]]:
    """The drifts to detect: their description, and the column with that drift."""
    for name in columns.NUMBERS:
        yield f"`{name}` moved by {SHIFT} standard deviations", columns.shifted(name, SHIFT, 3)
    yield "a category of 5% is missing", columns.without_category(4)
    yield "nulls from 1% to 6%", columns.with_nulls(0.06, 5)


def table(size: int) -> Iterator[str]:
    """The lines of the table, as they are measured."""
    population = columns.population(1)
    scenes = [Scene(population, rows) for rows in SIZES]
    yield f"| {size:,} pairs of resamples of | " + " | ".join(f"{rows:,} rows" for rows in SIZES) + " |"
    yield "| --- |" + " ---: |" * len(SIZES)
    calm = [scene.calm(size) for scene in scenes]
    yield "| nothing moved: called drifted | " + " | ".join(f"{one['drifted'] / size:.2%}" for one in calm) + " |"
    yield "| nothing moved: to watch | " + " | ".join(f"{one['watch'] / size:.2%}" for one in calm) + " |"
    for words, moved in drifts():
        found = [scene.found(size, moved) for scene in scenes]
        yield f"| {words}: called drifted | " + " | ".join(f"{share:.1%}" for share in found) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--write", action="store_true", help="put the table into docs/drift.md")
    options = parser.parse_args()
    lines, began = [], time.perf_counter()
    for line in table(options.resamples):
        lines.append(line)
        print(f"{time.perf_counter() - began:6.0f} s {line}", flush=True)
    if options.write:
        head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text("\n".join([head + BEGIN, *lines, END]) + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
