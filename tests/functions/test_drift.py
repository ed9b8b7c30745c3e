"""The drift state compares a dataset with the champion's profile, by the spec's thresholds and the champion's
importance.
"""

import json
from datetime import UTC, datetime, timedelta

import boto3
import numpy as np
import polars as pl
import pytest

from cloud import lease
from functions.drift import handler
from perennial.profile import freeze, profile
from perennial.records import Champion, ModelVersion, Run
from perennial.spec import parse

SPEC = parse("""
name: tiny
problem: binary
target: y
card: {origin: a test, licence: CC0-1.0, terms: do as you like}
columns:
  x: {type: number}
  z: {type: number}
  y: {type: boolean}
retrain: drift
""")
RUN, DATASET = "run-tiny-0123456789ab", "ds-tiny-0123456789ab"


def rows(seed: int, shift: float = 0.0) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    return pl.DataFrame(
        {"x": chance.normal(shift, 1, 3000), "z": chance.normal(0, 1, 3000), "y": chance.random(3000) < 0.3}
    )


def put(bucket: str, key: str, value: dict) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(value))


@pytest.fixture
def compare(world, context):
    """`compare(importance, **drift)`: the state's result when x moved by half a deviation; and its step's details."""

    def run(importance: dict | None, **drift: dict) -> tuple[bool, dict, dict]:
        now = datetime.now(UTC)
        spec = SPEC.to_json()
        spec["drift"] |= drift
        put("models", "specs/tiny/s.json", spec)
        reference = profile(rows(1), freeze(rows(1), SPEC.contract()))
        put("models", "runs/old/profile.json", reference.as_dict())
        put("data", f"datasets/tiny/{DATASET}/profile.json", profile(rows(2, 0.5), reference.grid).as_dict())
        token = lease.acquire(world.ledger, "tiny", RUN, now, timedelta(hours=1))
        opened = Run(
            id=RUN, model="tiny", dataset=DATASET, trigger="upload", spec_digest="5" * 64, token=token, state="running",
            started_at=now,
        )  # fmt: skip
        world.ledger.open_run(opened)
        if importance is not None:
            version = ModelVersion(
                id="tiny@ba9876543210", model="tiny", digest="b" * 64, archive_key="a", archive_sha256="a" * 64,
                run="run-tiny-ba9876543210", datasets=(), profile_key="runs/old/profile.json", code_digest="d" * 64,
                spec_digest="5" * 64, parameters={}, metrics={}, importance=importance, environment={}, created_at=now,
            )  # fmt: skip
            world.ledger.put_version(version)
            champion = Champion(model="tiny", version=version.id, run=version.run, token=1, since=now)
            world.ledger.table.put_item(
                Item={"pk": "model#tiny", "sk": "champion", "record": champion.model_dump_json()}
            )
        named = opened.model_dump(include={"id", "model", "dataset", "trigger", "token"})
        event = {"run": named | {"spec": {"bucket": "models", "key": "specs/tiny/s.json"}}}
        result = handler(event, context)
        step = world.ledger.run(RUN).step("drift")
        key = f"datasets/tiny/{DATASET}/drift.json"
        kept = boto3.client("s3").list_objects_v2(Bucket="data", Prefix=key).get("KeyCount")
        report = json.loads(boto3.client("s3").get_object(Bucket="data", Key=key)["Body"].read()) if kept else {}
        return result["train"], step.details, report

    return run


def test_without_a_champion_the_first_model_is_trained(compare):
    assert compare(None)[:2] == (True, {"verdict": "first"})


def test_a_feature_that_the_champion_looks_at_asks_for_a_training(compare):
    train, details, report = compare({"x": 0.2, "z": 0.1})
    assert train is True
    assert (details["verdict"], details["moved"]) == ("drifted", "x")
    assert report["columns"]["z"]["weight"] == 0.5


def test_a_feature_that_the_champion_ignores_does_not(compare):
    train, details, report = compare({"x": 0.0, "z": 0.1})
    assert train is False
    assert details["verdict"] == report["verdict"] == "watch"


def test_the_thresholds_are_those_of_the_spec(compare):
    loose = {name: {"watch": 5, "drifted": 9} for name in ("psi", "js", "ks", "wasserstein", "dataset_drift")}
    assert compare({"x": 0.2, "z": 0.1}, **loose)[1]["verdict"] == "stable"
