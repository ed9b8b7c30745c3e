"""The electricity market of New South Wales, half-hour by half-hour, from May 7, 1996 to December 5, 1998.

The label: the price is above its mean of the last 24 hours. The prices of the same half-hour are no features: they are
known no sooner than the label.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl

from examples.replay.public import read
from examples.replay.setup import Setup, replayed_spec
from examples.replay.stream import DAY, Stream
from perennial.contract.observed import AT
from perennial.spec import load

SPEC = Path(__file__).with_name("elec.yaml")
COLUMNS = ("period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer", "up")
BEGIN, A_DAY = datetime(1996, 5, 7, tzinfo=UTC), 48
#: the first quarter of the rows is there to train on
TRAINED, DAYS = 236, 708
#: two weeks: the fewest whole weeks with the 500 rows that a verdict needs by default
EVERY_HOURS = 14 * 24
#: days between the candidates of the oracle
STEP = 14


def stream(share: float = 1.0, days: int = DAYS) -> Stream:
    """The half-hours; the time of each follows from the number of its row."""
    rows = read("elec", COLUMNS).with_row_index("row")
    moment = pl.lit(BEGIN) + pl.col("row").cast(pl.Int64) * pl.duration(minutes=24 * 60 // A_DAY)
    rows = rows.with_columns(moment.alias("time"), pl.col("up").cast(pl.Boolean))
    spec = replayed_spec(load(SPEC), EVERY_HOURS)
    rows = rows.with_columns(
        pl.col("time").dt.weekday().cast(pl.Int64).alias("weekday"),
        (pl.col("row") % A_DAY).cast(pl.Int64).alias("period"),
    )
    rows = rows.select(*spec.columns, pl.col("time").alias(AT))
    first: date = (BEGIN + TRAINED * DAY).date()
    return Stream(spec, rows, first, days, time(0), share)


SETUP = Setup("elec", "Electricity of New South Wales", "average_precision", stream, share=1.0, days=DAYS, step=STEP)
