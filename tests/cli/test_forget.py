"""`forget --dry-run` and `lineage --subject`: a person is found in every place, and the models that saw them."""

from __future__ import annotations

import io
import json
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import boto3
import polars as pl
import pytest

from cloud.ledger import Ledger
from perennial import layout
from perennial.environment import Environment
from perennial.lineage import edges_of_version
from perennial.records import Champion, DatasetVersion, ModelVersion, Run, Step
from tests.cli.conftest import Perennial
from tests.embedded.assemblies import make_role

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
MARK = "Quirrelmann"
SPEC = """
name: loans
problem: binary
target: paid
card: {origin: made for the tests, licence: CC0-1.0, terms: tests only}
key: [customer]
columns:
  customer: {type: text}
  age: {type: integer}
  income: {type: number}
  town: {type: category}
  paid: {type: boolean}
"""
ROWS = pl.DataFrame(
    {
        "customer": ["Meier", MARK, "Huber"], "age": [30, 41, 52], "income": [1.5, 2.5, 3.5], "town": ["a", "b", "a"],
        "paid": [True, False, True],
    }
)  # fmt: skip
DATASET, RUN, VERSION = "ds-loans-0123456789ab", "run-loans-0123456789ab", "loans@bbbbbbbbbbbb"


def packed(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, body in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return buffer.getvalue()


def parquet(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


@pytest.fixture
def cloud(checkout: Path, ledger: Ledger) -> Ledger:
    """A model that was trained on the person's row, and served requests of theirs."""
    (checkout / "models" / "loans.yaml").write_text(SPEC)
    s3 = boto3.client("s3")
    names = {name: name.removesuffix("_bucket") for name in ("data_bucket", "models_bucket", "traffic_bucket")}
    for bucket in names.values():
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    parameter = json.dumps(names | {"ledger_table": "ledger"})
    boto3.client("ssm").put_parameter(Name=Environment().parameter, Value=parameter, Type="String")
    golden = ROWS.select("age", "income", "town").to_dicts()
    archive = packed({"golden.json": json.dumps({"rows": golden}).encode()})
    predictions = packed(
        {"predictions.parquet": parquet(ROWS.select(pl.col("customer").alias("key.customer"), "paid"))}
    )
    request = {"observedContentType": "application/json", "mode": "INPUT", "encoding": "JSON"}
    captured = {
        "captureData": {"endpointInput": request | {"data": json.dumps({"rows": [golden[1]]})}},
        "eventMetadata": {"eventId": "1", "inferenceTime": "2026-11-01T00:00:00Z"},
    }
    objects: dict[tuple[str, str], bytes] = {
        ("data", layout.incoming("loans", "jan.csv")): ROWS.write_csv().encode(),
        ("data", layout.part("loans", DATASET, 0, layout.ROWS)): parquet(ROWS),
        ("data", layout.dataset("loans", DATASET, layout.PROFILE)): json.dumps({"categories": ["a", "b"]}).encode(),
        ("models", layout.training_archive(RUN, "job", layout.OUTPUT_ARCHIVE)): predictions,
        ("models", layout.archive("loans", "b" * 64)): archive,
        ("models", layout.report("loans", RUN)): f"<p>{MARK}</p>".encode(),
        ("traffic", layout.captures("loans", VERSION) + "/e/v/2026/11/01/00/a.jsonl"): json.dumps(captured).encode(),
    }
    for (bucket, key), body in objects.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)
    s3.put_object(Bucket="data", Key=layout.incoming("loans", "jan.csv"), Body=b"customer\nHuber\n")  # a newer version
    ledger.claim(
        DatasetVersion(
            id=DATASET, model="loans", name="jan.csv", bucket="data", key=layout.incoming("loans", "jan.csv"),
            version_id="v1", size=9, uploaded_at=NOW, sequencer="1", spec_digest="", card_digest="", accepted=True,
            rows=3,
        )
    )  # fmt: skip
    ledger.open_run(
        Run(
            id=RUN, model="loans", dataset=DATASET, trigger="upload", spec_digest="", token=1, state="promoted",
            started_at=NOW, ended_at=NOW, version=VERSION, trained_on=(DATASET,),
            steps=(Step(name="gate", at=NOW, sentences=(f"{MARK} is an outlier.",)),),
        )
    )  # fmt: skip
    version = ModelVersion(
        id=VERSION, model="loans", digest="b" * 64, archive_key=layout.archive("loans", "b" * 64), archive_sha256="",
        run=RUN, datasets=(DATASET,), profile_key="", code_digest="", spec_digest="", parameters={}, metrics={},
        environment={}, created_at=NOW,
    )  # fmt: skip
    ledger.put_version(version)
    ledger.link(edges_of_version(version, None))
    champion = Champion(model="loans", version=VERSION, run=RUN, token=1, since=NOW)
    ledger.table.put_item(Item={"pk": "model#loans", "sk": "champion", "record": champion.model_dump_json()})
    return ledger


@pytest.mark.usefixtures("cloud")
def test_the_plan_names_every_place_with_its_counts(perennial: Perennial) -> None:
    told = perennial("forget", "loans", "--subject", f"customer={MARK}", "--dry-run", "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert {place["place"]: (place["versions"], place["rows"], place["mentions"]) for place in found["places"]} == {
        "uploads": (1, 1, 0),
        "accepted rows": (1, 1, 0),
        "results about datasets": (1, 0, 0),
        "archives of training jobs": (1, 1, 0),
        "registered models": (1, 1, 0),
        "reports and pages": (1, 0, 1),
        "captured traffic": (1, 1, 0),
    }
    assert (found["ledger"], found["learnt"], found["retrain"]) == (1, [VERSION], True)
    text = perennial("forget", "loans", "--subject", f"customer={MARK}", "--dry-run").output
    assert "registered models: 1 version(s) of 1 object(s), 1 row(s) of the subject; to be deleted" in text
    assert "not searched: point-in-time copies of the ledger, until 20" in text


@pytest.mark.usefixtures("cloud")
def test_nobody_is_found_by_a_value_that_is_part_of_another_one(perennial: Perennial) -> None:
    told = perennial("forget", "loans", "--subject", f"customer={MARK[:-1]}", "--dry-run")
    assert "Nothing was found of this subject" in told.output


@pytest.mark.usefixtures("cloud")
def test_the_lineage_names_the_models_that_saw_a_person_and_none_afterwards(perennial: Perennial) -> None:
    saw = perennial("lineage", "loans", "--subject", f"customer={MARK}")
    assert f"{VERSION} was trained on them, and serves" in saw.output
    key = layout.part("loans", DATASET, 0, layout.ROWS)
    s3 = boto3.client("s3")
    for one in s3.list_object_versions(Bucket="data", Prefix=key)["Versions"]:
        s3.delete_object(Bucket="data", Key=key, VersionId=one["VersionId"])
    s3.put_object(Bucket="data", Key=key, Body=parquet(ROWS.filter(pl.col("customer") != MARK)))
    after = perennial("lineage", "loans", "--subject", f"customer={MARK}")
    assert "no model version was trained on them" in after.output
    assert VERSION not in after.output


@pytest.mark.usefixtures("cloud")
def test_without_a_terminal_nothing_is_begun_unless_told(perennial: Perennial) -> None:
    told = perennial("forget", "loans", "--subject", f"customer={MARK}")
    assert told.exit_code == 2
    assert "there is no terminal to ask; next: the same command with --yes" in told.output
    assert boto3.client("s3").list_objects_v2(Bucket="models", Prefix="forgetting/").get("Contents", []) == []


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize("words", [(), ("--subject", "customer=x", "--resume", "forget-loans-0123456789ab")])
def test_one_thing_is_asked_for_at_a_time(perennial: Perennial, words: tuple[str, ...]) -> None:
    told = perennial("forget", "loans", *words)
    assert told.exit_code == 2
    assert "give --subject KEY=VALUE, or --resume ID, or --receipt ID" in told.output


def test_a_forgetting_is_begun_and_neither_ledger_nor_execution_name_the_person(
    cloud: Ledger, perennial: Perennial
) -> None:
    states = boto3.client("stepfunctions")
    make_role(boto3.client("iam"), "forgetting")
    machine = states.create_state_machine(
        name="forgetting",
        definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Wait", "Seconds": 60, "End": True}}}),
        roleArn="arn:aws:iam::123456789012:role/forgetting",
    )["stateMachineArn"]
    ssm, name = boto3.client("ssm"), Environment().parameter
    names = json.loads(ssm.get_parameter(Name=name)["Parameter"]["Value"]) | {"forgetting_machine": machine}
    ssm.put_parameter(Name=name, Value=json.dumps(names), Type="String", Overwrite=True)
    told = perennial("forget", "loans", "--subject", f"customer={MARK}", "--yes", "--no-wait", "--json")
    assert told.exit_code == 0, told.output
    record = json.loads(told.stdout)
    assert (record["outcome"], record["stage"], record["columns"]) == ("running", "hold", [["customer"]])
    assert MARK not in told.stdout
    (execution,) = states.list_executions(stateMachineArn=machine)["executions"]
    assert states.describe_execution(executionArn=execution["executionArn"])["input"] == json.dumps(
        {"id": record["id"]}
    )
    texts = [json.dumps(item) for item in cloud.items("loans", "forgetting#")]
    assert not any(MARK in text for text in texts)
    assert "running; began" in perennial("explain", record["id"]).output
    again = perennial("forget", "loans", "--resume", record["id"])
    assert "is under way" in again.output
    early = perennial("forget", "loans", "--receipt", record["id"])
    assert "has no receipt" in early.output


@pytest.mark.usefixtures("cloud")
def test_an_id_of_another_model_is_refused(perennial: Perennial) -> None:
    told = perennial("forget", "loans", "--resume", "forget-others-0123456789ab")
    assert told.exit_code == 2
    assert "expected forget-loans-DIGITS" in told.output
