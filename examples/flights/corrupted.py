"""A month of data with faults: a misspelt column, impossible distances, an unknown carrier."""

from __future__ import annotations

import polars as pl

MISSPELT = {"wind_speed": "wind_sped"}
IMPOSSIBLE_DISTANCES = {3: -229, 70: 99999, 500: -1}
UNKNOWN_CARRIER = ("ZZ", (11, 4000))


def corrupt(flights: pl.DataFrame) -> pl.DataFrame:
    """The same rows with those faults. Rows are counted from 0; at least 4,001 rows are needed."""
    rows = pl.int_range(pl.len())
    carrier, at = UNKNOWN_CARRIER
    distance = pl.col("distance")
    for row, value in IMPOSSIBLE_DISTANCES.items():
        distance = pl.when(rows == row).then(pl.lit(value)).otherwise(distance)
    return flights.with_columns(
        distance.alias("distance"),
        pl.when(rows.is_in(at)).then(pl.lit(carrier)).otherwise(pl.col("carrier")).alias("carrier"),
    ).rename(MISSPELT)
