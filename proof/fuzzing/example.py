"""The spec, the rows and the trained model that the harnesses read with: a model of people with every type."""

from __future__ import annotations

import io
import json
import random
import tempfile
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

import polars as pl

from perennial.contract.model import ModelSpec
from perennial.contract.plan import Origin, Plan
from perennial.profile import Grid, freeze
from perennial.spec import parse
from perennial.validation import inspect, sample

SPEC = """\
name: people
problem: binary
target: bought
key: [id]
event_time: seen
card:
  origin: made up
  licence: CC0-1.0
  terms: none
  personal_data: none
  retention_days: 3650
columns:
  id: {type: integer}
  age: {type: integer, nullable: true, minimum: 0, maximum: 150}
  income: {type: number, nullable: true, format: {thousands: ',', unit: €, negative: parentheses}}
  weight: {type: number, nullable: true}
  city: {type: category, nullable: true, trim: true, replace: {Berne: Bern}}
  code: {type: category, nullable: true, pattern: '[A-Z]{2}[0-9]+'}
  remark: {type: text, nullable: true, max_length: 100}
  member: {type: boolean, nullable: true}
  joined: {type: date, nullable: true, format: '%d/%m/%Y'}
  seen: {type: datetime, feature: true}
  bought: {type: boolean}
validation:
  min_rows: 1
  tolerance: 0.9
  rules:
    - {name: adults, holds: age >= 18 or not member}
training:
  parameters: {max_iter: 5}
gate:
  value: {tp: 2 + 0.01 * age, fp: -1, rows_per_month: 1000}
  slices:
    named:
      - {name: members, where: {member: true}}
"""
_MEMORY = Path("/dev/shm")  # noqa: S108  (a folder in memory, where there is one)
SCRATCH = _MEMORY if _MEMORY.is_dir() else None


@cache
def spec() -> ModelSpec:
    """The spec."""
    return parse(SPEC)


def plainly_written(value: object) -> str:
    """Plain data as the stages write it to S3; text that UTF-8 cannot hold raises UnicodeEncodeError."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode().decode()


@cache
def rows(count: int) -> tuple[dict[str, str], ...]:
    """Rows as texts of a CSV file."""
    chosen = random.Random(count)
    return tuple(
        {
            "id": str(number),
            "age": str(chosen.randrange(18, 90)),
            "income": f"{chosen.randrange(10_000, 90_000):,} €",
            "weight": f"{chosen.uniform(40, 120):.1f}",
            "city": chosen.choice(["Bern", "Berne ", "Paris", "Rome, Italy", 'the "Hague"', ""]),
            "code": f"AB{chosen.randrange(40)}",
            "remark": chosen.choice(["good service", "slow", ""]),
            "member": chosen.choice(["true", "false"]),
            "joined": f"{chosen.randrange(1, 29):02}/0{chosen.randrange(1, 10)}/2020",
            "seen": f"2026-0{chosen.randrange(1, 10)}-01T10:00:00Z",
            "bought": chosen.choice(["true", "false"]),
        }
        for number in range(count)
    )


def csv_of(count: int) -> bytes:
    """Rows as a CSV file."""
    frame = pl.DataFrame(rows(count))
    return frame.write_csv(quote_style="necessary").encode()


def jsonl_of(count: int) -> bytes:
    """Rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(count)).encode()


@cache
def frame() -> pl.DataFrame:
    """Typed rows, as validation writes them."""
    return pl.read_parquet(_file(30))


@cache
def grid() -> Grid:
    """The frozen grid of the profiles."""
    return freeze(frame(), spec().contract())


def parquet_of(typed: pl.DataFrame, compression: str = "uncompressed") -> bytes:
    """A frame as a Parquet file."""
    target = io.BytesIO()
    typed.write_parquet(target, compression=compression)  # type: ignore[arg-type]
    return target.getvalue()


@cache
def model(folder: Path) -> Path:
    """The folder of a model that was trained on rows, with a fast path."""
    from training.job import Paths
    from training.train import train

    paths = Paths.of({"SAGEMAKER_BASE_DIR": str(folder)})
    paths.data.mkdir(parents=True)
    paths.plan.mkdir(parents=True)
    (paths.data / "rows.parquet").write_bytes(_file(150))
    (paths.plan / "plan.json").write_text(
        json.dumps(Plan.of(spec(), "run-people-1f0c93ab27de", None, Origin()).to_json())
    )
    with redirect_stdout(io.StringIO()):
        train(paths)
    return paths.model


def _file(count: int) -> bytes:
    """Rows as the Parquet file that validation writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_bytes(csv_of(count))
        contract = spec().contract()
        found = inspect(path, contract, Path(folder) / "out", freeze(sample(path, contract, 100), contract))
        if found.rows is None or found.verdict.rows_accepted != count:
            raise AssertionError(found.verdict)
        return found.rows.read_bytes()
