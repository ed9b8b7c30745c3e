"""`perennial drift`: two files or two dataset versions, metrics beside chance and thresholds, one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import boto3
import numpy as np
import polars as pl
import pytest

from cloud.ledger import Ledger
from perennial.environment import Environment
from perennial.profile import Grid, Profile, freeze, profile
from perennial.records import Champion, DatasetVersion, ModelVersion
from perennial.spec import parse
from tests.cli.conftest import Perennial

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
SPEC = """
name: tiny
problem: binary
target: y
card: {origin: a test, licence: CC0-1.0, terms: do as you like}
columns:
  x: {type: number}
  town: {type: category}
  day: {type: date}
  y: {type: boolean}
"""
CONTRACT = parse(SPEC).contract()
Put = Callable[..., str]


def rows(seed: int, shift: float = 0.0, number: int = 3000) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    data = {"x": chance.normal(shift, 1, number), "town": chance.choice(["Ulm", "Rom"], number)}
    days = pl.Series(chance.integers(19_000, 19_100, number)).cast(pl.Int32).cast(pl.Date)
    return pl.DataFrame(data | {"day": days, "y": chance.random(number) < 0.3})


@pytest.fixture
def files(checkout: Path) -> Path:
    (checkout / "models" / "tiny.yaml").write_text(SPEC)
    rows(1).write_csv(checkout / "a.csv")
    rows(2).write_csv(checkout / "same.csv")
    rows(3, shift=0.5).write_csv(checkout / "moved.csv")
    return checkout


@pytest.fixture
def put(files: Path, ledger: Ledger) -> Put:
    """`put("0...", frame, grid)` makes an accepted dataset of the platform and gives its id."""
    for bucket in ("data", "models"):
        boto3.client("s3").create_bucket(Bucket=bucket)
    names = {"data_bucket": "data", "models_bucket": "models", "ledger_table": "ledger"}
    boto3.client("ssm").put_parameter(Name=Environment().parameter, Value=json.dumps(names), Type="String")

    def make(digits: str, frame: pl.DataFrame | None, grid: Grid | None = None, keep_rows: bool = True) -> str:
        dataset = DatasetVersion(
            id=f"ds-tiny-{digits}", model="tiny", name="a.csv", bucket="data", key="incoming/tiny/a.csv",
            version_id=digits, size=9, uploaded_at=NOW, sequencer=digits, spec_digest="5" * 64, card_digest="c" * 64,
            state="promoted" if frame is not None else "quarantined", accepted=frame is not None, rows=3000,
        )  # fmt: skip
        ledger.claim(dataset)
        folder = f"datasets/tiny/{dataset.id}/"
        if frame is not None:
            counted = profile(frame, grid or freeze(frame, CONTRACT)).as_dict()
            boto3.client("s3").put_object(Bucket="data", Key=folder + "profile.json", Body=json.dumps(counted))
        if frame is not None and keep_rows:
            frame.write_parquet(files / "rows.parquet")
            boto3.client("s3").upload_file(files / "rows.parquet", "data", folder + "parts/00000/rows.parquet")
        return dataset.id

    return make


def test_two_files_are_compared_over_one_grid(perennial: Perennial, files: Path) -> None:
    result = perennial("drift", "a.csv", "moved.csv", "--model", "tiny")
    assert result.exit_code == 0
    assert "drifted: 1 of 4 columns drifted; x drifted most: its mean changed from" in result.stdout
    assert "before  " in result.stdout
    assert result.stdout.count("▁") > 2
    assert "distinct" in result.stdout


def test_files_that_did_not_move_are_stable(perennial: Perennial, files: Path) -> None:
    result = perennial("drift", "a.csv", "same.csv", "-m", "tiny", "--fail-on", "watch")
    assert result.exit_code == 0
    assert "stable: none of 4 columns drifted" in result.stdout


def test_the_exit_code_tells_of_drift_only_where_that_is_asked(perennial: Perennial, files: Path) -> None:
    assert perennial("drift", "a.csv", "moved.csv", "-m", "tiny", "--fail-on", "drifted").exit_code == 3
    (files / "models" / "tiny.yaml").write_text(SPEC + WATCHED)
    assert perennial("drift", "a.csv", "moved.csv", "-m", "tiny", "--fail-on", "drifted").exit_code == 0
    assert perennial("drift", "a.csv", "moved.csv", "-m", "tiny", "--fail-on", "watch").exit_code == 3


LEVELS = (f"{name}: {{warn: 0.1, alert: 9}}" for name in ("psi", "js", "ks", "wasserstein"))
WATCHED = "drift: {" + ", ".join(LEVELS) + "}\n"


def test_json_holds_every_metric_and_its_floor(perennial: Perennial, files: Path) -> None:
    result = perennial("drift", "a.csv", "moved.csv", "-m", "tiny", "--json")
    report = json.loads(result.stdout)
    assert (report["verdict"], report["moved"], report["model"]) == ("drifted", "x", "tiny")
    assert report["columns"]["x"]["metrics"].keys() == report["columns"]["x"]["floors"].keys()


def test_files_need_a_model(perennial: Perennial, files: Path) -> None:
    result = perennial("drift", "a.csv", "moved.csv")
    assert result.exit_code == 2
    assert "next: perennial drift a.csv moved.csv --model NAME" in result.stderr


def test_a_file_that_is_no_table_of_the_model_is_said_to_be_so(perennial: Perennial, files: Path) -> None:
    (files / "odd.csv").write_text("p,q\n1,2\n")
    result = perennial("drift", "a.csv", "odd.csv", "-m", "tiny")
    assert result.exit_code == 1
    assert "next: perennial check odd.csv --model tiny" in result.stderr


def test_datasets_are_found_by_the_beginning_of_their_ids(perennial: Perennial, put: Put) -> None:
    grid = freeze(rows(1), CONTRACT)
    one, two = put("a1" * 6, rows(1), grid), put("b2" * 6, rows(3, shift=0.5), grid)
    result = perennial("drift", "ds-tiny-a1", two)
    assert result.exit_code == 0, result.stderr
    assert f"A  {one}: 3,000 rows" in result.stdout
    assert "drifted: 1 of 4 columns drifted; x drifted most" in result.stdout


def test_a_beginning_of_two_ids_is_refused_with_both(perennial: Perennial, put: Put) -> None:
    one, two = put("a1" * 6, rows(1)), put("a2" * 6, rows(2))
    result = perennial("drift", "ds-tiny-a", one)
    assert result.exit_code == 1
    assert f"matches 2 datasets: {one}, {two}" in result.stderr
    assert "next: perennial runs" in perennial("drift", "nothing.csv", one).stderr


def test_a_dataset_of_another_grid_is_counted_anew_from_its_rows(perennial: Perennial, put: Put) -> None:
    grid = freeze(rows(1), CONTRACT)
    one, same = put("a1" * 6, rows(1), grid), put("b2" * 6, rows(3, shift=0.5), grid)
    other = put("c3" * 6, rows(3, shift=0.5))
    told = [json.loads(perennial("drift", one, two, "--json").stdout) for two in (same, other)]
    assert told[0]["columns"]["x"]["metrics"] == pytest.approx(told[1]["columns"]["x"]["metrics"], abs=1e-12)
    bare = put("d4" * 6, rows(4), keep_rows=False)
    result = perennial("drift", one, bare)
    assert result.exit_code == 1
    assert "profiled over another grid and its rows are no longer stored; next: upload it again" in result.stderr


def test_a_file_can_be_compared_with_a_dataset(perennial: Perennial, put: Put) -> None:
    one = put("a1" * 6, rows(1))
    assert "drifted: 1 of 4 columns drifted; x" in perennial("drift", one, "moved.csv").stdout


def test_a_dataset_that_was_refused_has_no_profile(perennial: Perennial, put: Put) -> None:
    one, refused = put("a1" * 6, rows(1)), put("b2" * 6, None)
    result = perennial("drift", one, refused)
    assert result.exit_code == 1
    assert f"next: perennial explain {refused}" in result.stderr


def test_what_the_champion_does_not_look_at_is_only_watched(perennial: Perennial, put: Put, ledger: Ledger) -> None:
    grid = freeze(rows(1), CONTRACT)
    one, two = put("a1" * 6, rows(1), grid), put("b2" * 6, rows(3, shift=0.5), grid)
    version = ModelVersion(
        id="tiny@ba9876543210", model="tiny", digest="b" * 64, archive_key="a", archive_sha256="a" * 64,
        run="run-tiny-0123456789ab", datasets=(one,), profile_key="p", code_digest="d" * 64, spec_digest="5" * 64,
        parameters={}, metrics={}, importance={"town": 0.3, "day": 0.1, "x": 0.0}, environment={}, created_at=NOW,
    )  # fmt: skip
    ledger.put_version(version)
    champion = Champion(model="tiny", version=version.id, run=version.run, token=1, since=NOW)
    ledger.table.put_item(Item={"pk": "model#tiny", "sk": "champion", "record": champion.model_dump_json()})
    report = json.loads(perennial("drift", one, two, "--json").stdout)
    assert report["verdict"] == "watch"
    assert (report["columns"]["x"]["weight"], report["columns"]["town"]["weight"]) == (0.0, 1.0)


def test_a_profile_that_an_older_version_kept_is_said_to_be_so(perennial: Perennial, put: Put) -> None:
    one, old = put("a1" * 6, rows(1)), put("b2" * 6, rows(2))
    kept = profile(rows(2), freeze(rows(2), CONTRACT)).as_dict() | {"format": 1}
    assert isinstance(Profile.from_dict(kept | {"format": 2}), Profile)
    boto3.client("s3").put_object(Bucket="data", Key=f"datasets/tiny/{old}/profile.json", Body=json.dumps(kept))
    result = perennial("drift", one, old)
    assert result.exit_code == 1
    assert "a profile of format 1, 2 is expected; next: upload the file again" in result.stderr


def test_a_boolean_target_is_shown_in_the_words_of_its_data(perennial: Perennial, files: Path) -> None:
    spec = (
        (files / "models" / "tiny.yaml")
        .read_text()
        .replace("y: {type: boolean}", "y: {type: boolean, nullable: false}")
    )
    (files / "models" / "tiny.yaml").write_text(spec)
    for name, share in (("few", 0.2), ("many", 0.6)):
        frame = rows(5).with_columns(y=pl.Series(["yes" if i < share * 3000 else "no" for i in range(3000)]))
        frame.write_csv(files / f"{name}.csv")
    shown = perennial("drift", files / "few.csv", files / "many.csv", "--model", "tiny").stdout
    assert "y drifted most" in shown
    assert "yes" in shown.split("y:\n")[-1]
    assert "true" not in shown
