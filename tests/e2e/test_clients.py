"""Unmodified AWS clients: the AWS CLI and the SageMaker SDK against the embedded cloud."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Loop
from tests.e2e.data import as_csv, orders

ROW = '{"price": 300.5, "weight": 1.5, "shop": "north", "gift": true}'
SDK = f"""
import json
from sagemaker.core.resources import Endpoint
endpoint = Endpoint.get(endpoint_name="perennial-orders")
answer = endpoint.invoke(body={ROW!r}, content_type="application/json", accept="application/json")
print(json.dumps([endpoint.endpoint_status, json.loads(answer.body.read())]))
"""


@pytest.fixture(scope="module")
def champion(loop: Loop) -> str:
    """The version of orders that serves; a first one is made where there is none."""
    if not loop.records("orders", "champion"):
        loop.put("orders/clients.csv", as_csv(orders(70_000, 1200, 21)))
        assert loop.ended("orders", "orders/clients.csv")["state"] == "promoted"
    return str(loop.records("orders", "champion")[0]["version"])


def aws(loop: Loop, *words: str) -> str:
    """The AWS CLI's answer."""
    command = [str(Path(sys.executable).with_name("aws")), *words]
    done = subprocess.run(command, env=loop.environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_aws_cli_describes_and_invokes_the_endpoint(loop, champion, tmp_path):
    described = json.loads(aws(loop, "sagemaker", "describe-endpoint", "--endpoint-name", "perennial-orders"))
    assert described["EndpointStatus"] == "InService"
    out, row = tmp_path / "answer.json", tmp_path / "row.json"
    row.write_text(ROW)
    aws(
        loop, "sagemaker-runtime", "invoke-endpoint", "--endpoint-name", "perennial-orders", "--content-type",
        "application/json", "--body", f"fileb://{row}", str(out),
    )  # fmt: skip
    assert 0 <= json.loads(out.read_text())["predictions"][0]["probability"] <= 1


def test_the_aws_cli_uploads_and_the_loop_begins(loop, champion, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("a,b\n1,2\n")
    aws(loop, "s3", "cp", str(path), f"s3://{loop.names['data_bucket']}/incoming/orders/by-cli.csv")
    assert loop.ended("orders", "orders/by-cli.csv")["state"] == "quarantined"


def test_the_sagemaker_sdk_finds_and_invokes_the_endpoint(loop, champion):
    done = subprocess.run(
        [sys.executable, "-c", SDK], env=loop.environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    status, answer = json.loads(done.stdout.strip().splitlines()[-1])
    assert status == "InService"
    assert 0 <= answer["predictions"][0]["probability"] <= 1


def test_the_registry_carries_what_the_ledger_says(loop, champion):
    sagemaker = loop.client("sagemaker")
    packages = sagemaker.list_model_packages(ModelPackageGroupName="perennial-orders")["ModelPackageSummaryList"]
    described = [sagemaker.describe_model_package(ModelPackageName=p["ModelPackageArn"]) for p in packages]
    found = {item["CustomerMetadataProperties"]["version"]: item["CustomerMetadataProperties"] for item in described}
    record = next(item for item in loop.records("orders", "version#") if item["id"] == champion)
    assert found[champion]["digest"] == record["digest"]
    assert found[champion]["code_digest"] == record["code_digest"]


def test_the_command_answers_about_what_it_finds(loop, champion, tmp_path):
    models = json.loads(loop.perennial("models", "--json").stdout)
    assert champion in json.dumps(models)
    # The cloud is shared with other files' tests: the champion's run need not be among the newest twenty.
    runs = json.loads(loop.perennial("runs", "--model", "orders", "--limit", "1000", "--json").stdout)
    run = next(run for run in runs if run["version"] == champion)
    explained = loop.perennial("explain", run["id"])
    assert explained.returncode == 0, explained.stderr
    assert champion in explained.stdout.decode()
    tree = loop.perennial("lineage", champion, "--json")
    assert run["dataset"] in tree.stdout.decode()
    upward = loop.perennial("lineage", run["dataset"], "--json")
    assert champion in upward.stdout.decode()


def test_predict_gives_a_csv_of_answers(loop, champion):
    rows = as_csv(orders(90_000, 30, 22))
    done = loop.perennial("predict", "-", "--model", "orders", stdin=rows)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "order,label,probability"
    assert len(lines) == 31


def test_an_edit_of_the_local_spec_changes_nothing_for_the_model_that_serves(loop, champion, tmp_path):
    path = loop.checkout / "models" / "orders.yaml"
    before = path.read_text()
    rows = as_csv(orders(90_000, 5, 22))
    (tmp_path / "rows.csv").write_bytes(rows)
    expected = loop.perennial("predict", "-", "--model", "orders", stdin=rows).stdout
    added = before.replace("  gift:", "  colour: {type: category}\n  gift:").replace("  weight: {", "  mass: {")
    assert added.count("colour") == added.count("mass") == 1
    path.write_text(added)  # a feature more, and another name for one
    try:
        done = loop.perennial("predict", "-", "--model", "orders", stdin=rows)
        assert (done.returncode, done.stdout) == (0, expected), done.stderr
        batch = loop.perennial("batch", "orders", str(tmp_path / "rows.csv"), "--out", str(tmp_path / "out.csv"))
        assert batch.returncode == 0, batch.stderr
        assert (tmp_path / "out.csv").read_text().count("\n") == 6
    finally:
        path.write_text(before)


def test_a_request_is_cleaned_as_the_rows_were_that_the_model_learnt_from(loop, champion):
    runtime = loop.client("sagemaker-runtime")

    def ask(gift: str | bool) -> bytes:
        body = json.dumps(json.loads(ROW) | {"gift": gift})
        reply = runtime.invoke_endpoint(EndpointName="perennial-orders", ContentType="application/json", Body=body)
        return reply["Body"].read()

    assert ask(" ja ") == ask(True) != ask(False)


@pytest.mark.parametrize(
    "words",
    [("explain", "run-orders-000000000000"), ("lineage", "nonsense"), ("predict", "/nowhere.csv", "--model", "orders")],
)
def test_a_wrong_argument_is_one_line_and_no_traceback(loop, champion, words):
    done = loop.perennial(*words)
    assert done.returncode in (1, 2)
    assert b"Traceback" not in done.stderr
    assert done.stderr.startswith(b"error:")
