"""`perennial traffic` and `perennial truth`: tables out, labels in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import polars as pl
import pytest

from cli import project
from cloud.ledger import Ledger
from cloud.tables import parquet
from perennial.contract import observed as names
from perennial.monitoring import request_schema, truth_schema
from tests.cli.conftest import Perennial
from tests.cli.test_ledger_verbs import VERSION, cloud, promoted

__all__ = ["cloud", "promoted"]
NOW = datetime.now(UTC)


@pytest.fixture
def asked(promoted: Ledger) -> datetime:
    """Two answered rows of an hour ago, and a label for the first."""
    at = (NOW - timedelta(hours=1)).replace(microsecond=0)
    spec = project.spec("tiny")
    rows = pl.DataFrame(
        [
            {
                names.AT: at,
                names.VERSION: VERSION,
                names.EVENT: f"e{n}",
                names.REQUEST: f"r{n}",
                names.ROW: 0,
                names.SCORE: 0.5,
            }
            for n in range(2)
        ]
    )
    label = {
        names.REQUEST: "r0",
        names.LABEL: True,
        names.KNOWN_AT: NOW,
        names.UPLOADED_AT: NOW,
        names.TRUTH: "truth-tiny-1",
    }
    frames = {
        f"tables/requests/tiny/{at:%Y-%m-%d}/{VERSION[-12:]}-{at:%H}.parquet": (rows, request_schema(spec)),
        f"tables/truth/tiny/{NOW:%Y-%m-%d}/truth-tiny-1.parquet": (pl.DataFrame([label]), truth_schema(spec)),
    }
    for key, (frame, schema) in frames.items():
        whole = pl.concat([pl.DataFrame(schema=schema), frame], how="diagonal_relaxed")
        boto3.client("s3").put_object(Bucket="traffic", Key=key, Body=parquet(whole))
    return at


def test_traffic_counts_rows_and_labels(perennial: Perennial, asked: datetime) -> None:
    told = json.loads(perennial("traffic", "tiny", "--since", "2h", "--json").stdout)
    assert (told["rows"], told["labelled"], told["coverage"], told["versions"]) == (2, 1, 0.5, {VERSION: 2})
    text = perennial("traffic", "tiny", "--since", "2h").stdout
    assert text.startswith("2 rows in 2 requests, 0 requests could not be read\n")
    assert "1 rows have a label (50.0%)" in text
    none = json.loads(perennial("traffic", "tiny", "--since", "3h", "--until", asked.isoformat(), "--json").stdout)
    assert none["rows"] == 0


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_traffic_writes_the_joined_rows(perennial: Perennial, asked: datetime, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"out.{kind}"
    result = perennial("traffic", "tiny", "--since", "2h", "--out", path)
    assert result.exit_code == 0, result.output
    frame = pl.read_csv(path) if kind == "csv" else pl.read_parquet(path)
    assert frame.select(names.REQUEST, names.LABEL).rows() == [("r0", True), ("r1", None)]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("traffic", "tiny", "--since", "yesterday"), "--since yesterday: expected a day, a moment, or a time back"),
        (("traffic", "tiny", "--out", "x.xlsx"), "expected a name that ends in .csv or .parquet"),
        (("traffic", "tiny", "--since", "1h", "--until", "2020-01-01"), "is not before"),
        (("traffic", "none"), "none"),
        (("truth", "missing.csv", "--model", "tiny"), "missing.csv: no such file"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_is_expected(
    perennial: Perennial, promoted: Ledger, words: tuple[str, ...], sentence: str
) -> None:
    result = perennial(*words)
    assert result.exit_code in (1, 2)
    assert sentence in result.stderr
    assert "Traceback" not in result.output


def test_truth_puts_the_file_where_its_events_lead_to_the_reader(
    perennial: Perennial, promoted: Ledger, tmp_path: Path
) -> None:
    (tmp_path / "labels.csv").write_text("inference_id,y\nr0,true\n")
    told = json.loads(perennial("truth", tmp_path / "labels.csv", "--model", "tiny", "--json").stdout)
    assert told["key"] == "truth/tiny/labels.csv"
    assert told["truth"].startswith("truth-tiny-")
    body = boto3.client("s3").get_object(Bucket="data", Key=told["key"])["Body"].read()
    assert body == b"inference_id,y\nr0,true\n"
