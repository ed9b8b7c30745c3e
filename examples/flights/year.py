"""`python -m examples.flights.year [--write]`: the year of flights, replayed in virtual time under several policies.

January to March train the first model. From April on each day's flights are requests; their truth comes the day after.
The candidate of each day is trained once and shared by all policies; it is kept under build/year.
"""

from __future__ import annotations

import sys
from datetime import date, time
from pathlib import Path

import polars as pl

from examples.flights.data import COLUMNS, Table, read
from examples.replay.setup import Setup, replayed_spec
from examples.replay.stream import Stream
from perennial.contract.model import ModelSpec
from perennial.contract.observed import AT
from perennial.spec import load

ROOT = Path(__file__).resolve().parents[2]
APRIL, DAYS = date(2013, 4, 1), 275
#: 4 am in New York: no flight leaves
MORNING = time(8)
#: of the flights that are trained on: all of them would take hours
SHARE = 0.1
#: days between the candidates of the oracle
STEP = 2


def spec(table: Table = "flights") -> ModelSpec:
    """The spec of the model, with the settings of a replay."""
    return replayed_spec(load(ROOT / "models" / f"{table}.yaml"))


def stream(share: float = SHARE, days: int = DAYS, table: Table = "flights") -> Stream:
    """The flights from January on; service begins in April. `share`: of the rows that are trained on."""
    wanted = spec(table)
    rows = read().select(COLUMNS[table])
    rows = rows.with_columns(pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"))
    rows = rows.with_columns(pl.col("time_hour").alias(AT)).sort(AT, *wanted.key)
    return Stream(wanted, rows, APRIL, days, MORNING, share)


SETUP = Setup("flights", "The year of flights", "average_precision", stream, share=SHARE, days=DAYS, step=STEP)

if __name__ == "__main__":
    from examples.replay.command import main

    sys.exit(main([SETUP.name, *sys.argv[1:]]))
