"""The requests to tracking servers, received by a real HTTP server that keeps them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import boto3
import pytest
import yaml

from cloud import mlflow
from cloud.tracking import TrackingError
from functions.tracking import handler
from perennial.tracking.receiver import Receiver, ReceiverError
from tests.tracking.conftest import MOMENT, PROMOTED, REFUSED, History
from tests.tracking.servers import Recorder, recording


@pytest.fixture
def server() -> Iterator[Recorder]:
    with recording() as found:
        yield found


def export(history: History, server: Recorder, run: str) -> mlflow.Exported:
    platform, ledger = history.world.platform, history.world.ledger
    return mlflow.export(platform, ledger, Receiver.of(server.url, token="geheim"), history.run(run))


def test_a_promoted_run_is_told_with_its_model_and_its_alias(history, server):
    done = export(history, server, PROMOTED)
    assert (done.model_version, done.alias, done.left_out) == ("people/1", True, ())
    (batch,) = server.bodies("runs/log-batch")
    metrics = {metric["key"]: metric["value"] for metric in batch["metrics"]}
    told = history.job.evaluation["candidate"]["metrics"]["roc_auc"]
    assert [metrics[name] for name in ("roc_auc", "roc_auc/low", "roc_auc/high")] == [
        told[part] for part in ("value", "low", "high")
    ]
    params = {param["key"]: param["value"] for param in batch["params"]}
    assert (params["max_iter"], params["estimator"], params["target"]) == ("20", "hist_gradient_boosting", "bought")
    tags = {tag["key"]: tag["value"] for tag in batch["tags"]}
    assert tags["perennial.run"] == PROMOTED
    assert tags["perennial.trained_on.ds-people-1f0c93ab27de"] == "e" * 64
    (inputs,) = server.bodies("runs/log-inputs")
    assert json.loads(inputs["datasets"][0]["dataset"]["source"])["uri"] == "s3://data/incoming/people/09.csv"
    assert server.bodies("runs/update")[0]["status"] == "FINISHED"
    assert server.bodies("registered-models/alias") == [{"name": "people", "alias": "champion", "version": "1"}]
    sent = {path.partition("/artifacts/")[2].partition("/artifacts/")[2]: body for _, path, _, body in server.requests}
    assert sent["report.html"] == b"<h1>promoted</h1>"
    assert "model/data/manifest.json" in sent
    assert b"_load_pyfunc" in sent["model/code/mlflow_loader.py"]
    signature = yaml.safe_load(sent["model/MLmodel"])["signature"]
    assert {"type": "double", "name": "income", "required": False} in json.loads(signature["inputs"])
    assert {headers["Authorization"] for _, _, headers, _ in server.requests} == {"Bearer geheim"}


def test_a_repeated_export_makes_no_second_run_and_no_second_version(history, server):
    assert export(history, server, PROMOTED) == export(history, server, PROMOTED)
    assert [len(server.bodies(path)) for path in ("runs/create", "model-versions/create")] == [1, 1]


def test_a_refused_run_registers_nothing_and_keeps_the_alias(history, server):
    export(history, server, PROMOTED)
    assert export(history, server, REFUSED).model_version == ""
    assert len(server.versions) == 1
    assert [body["version"] for body in server.bodies("registered-models/alias")] == ["1", "1"]


@pytest.mark.parametrize("status", [302, 401, 500])
def test_a_server_that_takes_nothing_is_told_without_the_credentials(history, server, status):
    server.status = status
    with pytest.raises(TrackingError, match=f"answered {status}") as caught:
        export(history, server, PROMOTED)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://example.com", "credentials are sent over https only"),
        ("https://me:geheim@example.com", "holds credentials"),
        ("sqlite:///mlflow.db", "no URL of a tracking server"),
        ("https://[", "no URL"),
    ],
)
def test_a_url_that_would_give_credentials_away_is_refused(url, message):
    with pytest.raises(ReceiverError, match=message) as caught:
        Receiver.of(url, token="x")
    assert "geheim" not in str(caught.value)


def change(history: History, status: str, run: str = REFUSED) -> dict:
    """The event by which the queue calls the function for an execution's change."""
    reference = {
        "id": run, "model": "people", "dataset": "", "trigger": "upload", "token": 1,
        "spec": {"bucket": "models", "key": "specs/people/s.json"},
    }  # fmt: skip
    detail = {"name": run, "status": status, "input": json.dumps({"run": reference})}
    record = {"messageId": "1", "eventSource": "aws:sqs", "receiptHandle": "r", "body": json.dumps({"detail": detail})}
    return {"Records": [record]}


@pytest.fixture
def told(history, server, monkeypatch, context):
    """`told(status)`: the function's answer for a change of the second run; both servers are the recorder."""
    secret = boto3.client("secretsmanager").create_secret(Name="token", SecretString='{"token": "geheim"}')["ARN"]
    for name, value in {"MLFLOW_URI": server.url, "MLFLOW_SECRET": secret, "OPENLINEAGE_URL": server.url}.items():
        monkeypatch.setenv(f"PERENNIAL_{name}", value)
    return lambda status: handler(change(history, status), context)["batchItemFailures"]


def test_the_function_tells_both_servers_of_the_start_and_the_end(history, server, told):
    ended = history.run(REFUSED)
    record = ended.model_copy(update={"state": "running", "ended_at": None})
    key = {"pk": "model#people", "sk": f"run#{REFUSED}"}
    row = history.world.ledger.table.get_item(Key=key)["Item"]
    history.world.ledger.table.put_item(Item=row | {"record": record.model_dump_json(), "state": "running"})
    assert told("RUNNING") == []
    assert told("SUCCEEDED") == [{"itemIdentifier": "1"}]  # the record has not ended yet: later
    history.world.ledger.table.put_item(Item=row)
    assert told("SUCCEEDED") == []
    start, end = server.bodies("api/v1/lineage")
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == end["run"]["runId"] == str(uuid.UUID(end["run"]["runId"]))
    assert datetime.fromisoformat(end["eventTime"]) == MOMENT + timedelta(hours=1, minutes=7)
    (read,) = end["inputs"]
    assert (read["namespace"], read["name"]) == ("s3://data", "incoming/people/10.csv")
    assert {"name": "income", "type": "number"} in read["facets"]["schema"]["fields"]
    assert len(server.runs) == 1


def test_a_run_that_a_server_does_not_take_goes_back_to_the_queue(history, server, told):
    server.status = 500
    assert told("SUCCEEDED") == [{"itemIdentifier": "1"}]
    assert {path for _, path, _, _ in server.requests} > {"/api/v1/lineage"}  # one server keeps none from the other
    server.status = 200
    assert told("SUCCEEDED") == []
