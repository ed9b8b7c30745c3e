"""`python -m bench.gate.honest_uploads [--write]`: how often sound uploads ask a person about overwritten rows.

A year of flights is uploaded by month, and by week with one week repeated in each upload, so that known keys occur.
Each upload runs a real training job under the spec of the flights, and the gate decides with the champion's recorded
metrics. Beside them stands an attack: the keys of an upload with the other labels. Writes the table into docs/split.md.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bench.gate.tables import put
from bench.gate.uploads import Replay
from examples.flights import data
from perennial.contract.model import ModelSpec
from perennial.gate.checks.overwrites import FALL, LABELS
from perennial.gate.decision import Decision
from perennial.spec import load

PAGE = Path(__file__).parents[2] / "docs" / "split.md"
SPEC = Path(__file__).parents[2] / "models" / "flights.yaml"


@dataclass(frozen=True)
class Asked:
    """The number of uploads of a kind, and of those for which a person was asked about overwritten rows."""

    uploads: int = 0
    asked: int = 0

    def with_one(self, decision: Decision) -> Asked:
        """One upload more."""
        asked = any(check.name in (LABELS, FALL) and check.verdict == "unsure" for check in decision.checks)
        return Asked(self.uploads + 1, self.asked + asked)


def by_month(flights: pl.DataFrame) -> list[pl.DataFrame]:
    """Each month once."""
    return [flights.filter(pl.col("month") == month) for month in range(1, 13)]


def by_week(flights: pl.DataFrame) -> list[pl.DataFrame]:
    """Two weeks in each upload: the one before and a new one."""
    weeks = (flights["time_hour"].dt.ordinal_day() - 1) // 7
    return [flights.filter((weeks == week) | (weeks == week - 1)) for week in range(1, 52)]


def replay(spec: ModelSpec, uploads: Sequence[pl.DataFrame], folder: Path, attacks: int) -> tuple[Asked, Asked]:
    """The sound uploads, and attacks on the first champions: the newest upload again, with the other labels."""
    sound, attacked, loop = Asked(), Asked(), Replay(spec, folder)
    for place in range(len(uploads)):
        window = uploads[max(0, place - spec.training.window + 1) : place + 1]
        sound = sound.with_one(loop.upload(window))
        if place < attacks:
            flipped = window[-1].with_columns(~pl.col(spec.target))
            attacked = attacked.with_one(loop.upload([*window, flipped][-spec.training.window :], stays=False))
    return sound, attacked


def table(found: dict[str, tuple[Asked, Asked]]) -> list[str]:
    """The lines of the Markdown table."""
    lines = [
        "| a year of flights | sound uploads that ask | the same keys with the other labels |",
        "| --- | ---: | ---: |",
    ]
    return lines + [
        f"| {name} | {sound.asked} of {sound.uploads} | {attacked.asked} of {attacked.uploads} |"
        for name, (sound, attacked) in found.items()
    ]


def main() -> None:
    """Measures, prints, and writes the page with --write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/split.md")
    write = parser.parse_args().write
    spec = load(SPEC)
    moment = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
    flights = data.read().with_columns(moment)
    with tempfile.TemporaryDirectory() as folder:
        months = replay(spec, by_month(flights), Path(folder) / "months", 3)
        weeks = replay(spec, by_week(flights), Path(folder) / "weeks", 3)
    lines = table({"by month": months, "by week, the week before again": weeks})
    print("\n".join(lines))
    if write:
        put(PAGE, "honest", lines)


if __name__ == "__main__":
    main()
