"""Faults planted into sound rows, a known number for each rule, each in a row of its own.

They prove that every measured tool does the work: all must find them. This is not timed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from bench import data
from bench.validation.rules import FASTEST, RULES, Rule

ROWS = 100_000
#: rows between two planted faults, so that they are in every part of the file
_APART = 641
_WRONG: dict[str, dict[str, object]] = {
    "nulls": {"dest": None},
    "distance": {"distance": 9},  # a distance above its maximum would break the speed rule as well
    "carrier": {"carrier": "ZZ"},
    "origin": {"origin": "JKF"},
    "dest length": {"dest": "BOSTON"},
    "tailnum length": {"tailnum": "N123456789"},
    "tailnum pattern": {"tailnum": "n-1234"},
    "speed": {"distance": FASTEST * 200, "air_time": 100},
}
#: a fault of one rule that breaks another: a length outside the pattern's
ALSO = {"tailnum length": "tailnum pattern"}


def planted() -> dict[str, int]:
    """The number of rows that break each rule, `types` apart: a Parquet file cannot hold a value of another type."""
    return {rule.name: 2 + place % 5 for place, rule in enumerate(RULES) if rule.kind != "types"}


def expected() -> dict[str, int]:
    """The number of times that each rule is broken, with rows that break two rules."""
    counts = planted()
    for name, other in ALSO.items():
        counts[other] += counts[name]
    return counts


def faulty() -> pl.DataFrame:
    """Sound rows of the current data with all of `planted`."""
    rows = pl.concat(data.chunks("current", ROWS)).with_row_index("row")
    at = 17
    for rule in RULES:
        for _ in range(planted().get(rule.name, 0)):
            rows = _corrupted(rows, rule, at)
            at += _APART
    return rows.drop("row")


def mistyped() -> pl.DataFrame:
    """Sound rows with distances as text, two of which are not numbers."""
    far = pl.when(pl.col("row").is_in([11, 4_011])).then(pl.lit("far")).otherwise(pl.col("distance").cast(pl.String))
    return pl.concat(data.chunks("current", 10_000)).with_row_index("row").with_columns(distance=far).drop("row")


def write(folder: Path) -> dict[str, Path]:
    """Both tables as Parquet, by name."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, make in (("faulty", faulty), ("mistyped", mistyped)):
        paths[name] = folder / f"{name}.parquet"
        data.write_parquet(paths[name], _batches(make()))
    return paths


def _batches(rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    yield from rows.iter_slices(data.CHUNK)


def _corrupted(rows: pl.DataFrame, rule: Rule, at: int) -> pl.DataFrame:
    values = _WRONG.get(rule.name, {rule.column: rule.high + 1 if at % 2 else rule.low - 1})
    if rule.kind == "unique":
        values = {rule.column: rows[rule.column][at - 5]}
    here = pl.col("row") == at
    return rows.with_columns(
        pl.when(here).then(pl.lit(value, rows.schema[name])).otherwise(pl.col(name)).alias(name)
        for name, value in values.items()
    )


def main() -> None:
    """Writes the tables to FOLDER, and the number of breaches of each rule as JSON to ANSWER."""
    folder, answer = map(Path, sys.argv[1:])
    write(folder)
    answer.write_text(json.dumps(expected()))


if __name__ == "__main__":
    main()
