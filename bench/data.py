"""The measured files: New York's departures of 2013, resampled and perturbed, with any number of rows.

Deterministic: rows come in chunks of 131,072, each from a generator seeded by the part and the chunk's number, so
that 1M rows are the first of 5M. Memory is bounded by a chunk. `python -m bench.data FOLDER ROWS [KIND ...]`.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pyarrow.parquet

from bench.table import COLUMNS
from examples.flights.data import departures, package_folder

Part = Literal["reference", "current"]
CHUNK = 131_072
ROW_GROUP = 2 * CHUNK
_SEEDS: dict[Part, int] = {"reference": 2013, "current": 2014}
_DTYPES = {"boolean": pl.Boolean, "integer": pl.Int64, "number": pl.Float64, "text": pl.String}
#: perturbation of a copied row: uniform whole minutes, normal weather
_MINUTES = ("dep_delay", "arr_delay", "air_time")
_WEATHER = {"temp": 0.3, "wind_speed": 0.2, "pressure": 0.3}


def chunk(part: Part, number: int) -> pl.DataFrame:
    """The rows of one chunk; ids are unique over both parts."""
    random = np.random.default_rng([_SEEDS[part], number])
    drawn = _flights()[random.integers(0, _flights().height, CHUNK)]
    minutes = [pl.col(name) + pl.Series(random.integers(-1, 2, CHUNK)) for name in _MINUTES]
    weather = [
        (pl.col(name) + pl.Series(random.normal(0, spread, CHUNK))).round(2) for name, spread in _WEATHER.items()
    ]
    rows = drawn.with_columns(*minutes, *weather, id=_ids(part, number)).with_columns(
        pl.col("wind_speed").clip(0, 150), late=(pl.col("arr_delay") > 15).fill_null(value=True)
    )
    return (_moved(rows, random) if part == "current" else rows).select(*COLUMNS)


def _ids(part: Part, number: int) -> pl.Series:
    """Unique ids in no order: multiplication by an odd factor permutes the numbers below 2^44."""
    first = number * CHUNK + (1 << 40 if part == "current" else 0)
    counted = np.arange(first, first + CHUNK, dtype=np.uint64)
    return pl.Series((counted * np.uint64(2_654_435_761) & np.uint64((1 << 44) - 1)).astype(np.int64))


def chunks(part: Part, rows: int) -> Iterator[pl.DataFrame]:
    """All rows of a part, one chunk after the other, the last truncated."""
    for number, start in enumerate(range(0, rows, CHUNK)):
        yield chunk(part, number).head(rows - start)


def _moved(rows: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """The drift of the current data: longer delays, warmer and fairer weather, most of United's flights by JetBlue."""
    one, two = pl.Series(random.random(rows.height)), pl.Series(random.random(rows.height))
    return rows.with_columns(
        dep_delay=pl.when(one < 0.4).then(pl.col("dep_delay") + 20).otherwise("dep_delay"),
        temp=(pl.col("temp") + 10).round(2),
        pressure=(pl.col("pressure") + 5).round(2),
        carrier=pl.when((pl.col("carrier") == "UA") & (two < 0.9)).then(pl.lit("B6")).otherwise("carrier"),
    )


@cache
def _flights() -> pl.DataFrame:
    """The original rows, typed, with the weather of their airport and hour."""
    folder = package_folder()
    weather = pl.read_csv(folder / "weather.csv", null_values="NA", infer_schema=False)
    flights = pl.read_csv(io.BytesIO(departures(folder)), null_values="NA", infer_schema=False)
    joined = flights.join(weather.select("origin", "time_hour", *_WEATHER), on=["origin", "time_hour"], how="left")
    wanted = [name for name in COLUMNS if name not in ("id", "late")]
    return joined.select(pl.col(name).cast(_DTYPES[COLUMNS[name].type]) for name in wanted)


def write_parquet(path: Path, batches: Iterator[pl.DataFrame]) -> None:
    """Writes Parquet with zstd and row groups of 262,144 rows, pyarrow's format."""
    writer = None
    pending: list[pl.DataFrame] = []

    def flush() -> None:
        nonlocal writer
        table = pl.concat(pending).to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pyarrow.parquet.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=ROW_GROUP)
        pending.clear()

    for batch in batches:
        pending.append(batch)
        if len(pending) == ROW_GROUP // CHUNK:
            flush()
    if pending:
        flush()
    if writer:
        writer.close()


def write_csv(path: Path, batches: Iterator[pl.DataFrame]) -> None:
    """Writes CSV with a header, missing values empty; compressed if the name ends in .gz (level 6, no time in the
    header).
    """
    with path.open("wb") as file:
        packed = gzip.GzipFile("", "wb", zlib.Z_DEFAULT_COMPRESSION, file, mtime=0) if path.suffix == ".gz" else None
        for number, batch in enumerate(batches):
            (packed or file).write(batch.write_csv(include_header=number == 0).encode())
        if packed:
            packed.close()


WRITERS: dict[str, Callable[[Path, Iterator[pl.DataFrame]], None]] = {
    "parquet": write_parquet,
    "csv": write_csv,
    "csv.gz": write_csv,
}


def make(folder: Path, part: Part, rows: int, kind: str) -> Path:
    """The file, written if it does not exist, under its name only when it is complete."""
    path = folder / f"{part}-{rows}.{kind}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{os.getpid()}-{path.name}")
        try:
            WRITERS[kind](scratch, chunks(part, rows))
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)
    return path


def main() -> None:
    """Makes files; the arguments are the folder, then PART ROWS KIND any number of times."""
    folder, *wanted = sys.argv[1:]
    for name, rows, kind in zip(wanted[::3], wanted[1::3], wanted[2::3], strict=True):
        part: Part = "reference" if name == "reference" else "current"
        make(Path(folder), part, int(rows), kind)


if __name__ == "__main__":
    main()
