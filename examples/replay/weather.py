"""The weather at Offutt Air Force Base, Nebraska, day by day for 50 years (NOAA); the label: it rained on that day.

A day of the replay holds 30 rows, about a month, so 50 years become 605 days of virtual time.
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

SPEC = Path(__file__).with_name("weather.yaml")
COLUMNS = (
    "temperature", "dew_point", "sea_level_pressure", "visibility", "wind_speed", "max_wind_speed",
    "max_temperature", "min_temperature", "rain",
)  # fmt: skip
#: the begin of virtual time
BEGIN, A_DAY = datetime(2000, 1, 1, tzinfo=UTC), 30
#: the first quarter of the rows is there to train on
TRAINED, DAYS = 151, 454
#: 24 days, about two years: the fewest whole years with the 500 rows that a verdict needs by default
EVERY_HOURS = 24 * 24
#: days between the candidates of the oracle
STEP = 8


def stream(share: float = 1.0, days: int = DAYS) -> Stream:
    """The days of the weather, at virtual times that follow from the number of the row."""
    rows = read("weather", COLUMNS).with_row_index("row")
    place = pl.col("row").cast(pl.Int64)
    moment = pl.lit(BEGIN) + place * pl.duration(minutes=24 * 60 // A_DAY)
    rows = rows.with_columns(place.alias("day"), moment.alias(AT), pl.col("rain").cast(pl.Boolean))
    spec = replayed_spec(load(SPEC), EVERY_HOURS)
    first: date = (BEGIN + TRAINED * DAY).date()
    return Stream(spec, rows.select(*spec.columns, AT), first, days, time(0), share)


SETUP = Setup("weather", "Weather at Offutt", "average_precision", stream, share=1.0, days=DAYS, step=STEP)
