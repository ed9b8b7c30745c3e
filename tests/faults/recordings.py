"""Recordings of an account in the middle of a run: ledger, objects, queue, SageMaker, and the execution's data.

`recorded/` has those of earlier releases, made by this module in a checkout of theirs.
"""

from __future__ import annotations

import base64
import contextlib
import json
import lzma
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from moto.s3.models import s3_backends

from cloud.platform import client
from tests.faults.account import Account
from tests.faults.workflow import Execution
from tests.signatures import date_key

FOLDER = Path(__file__).with_name("recorded")
BUCKETS = ("data", "models")


def snapshot(account: Account, execution: Execution) -> dict[str, Any]:
    """All that a later release would find, as plain data."""
    sagemaker = account.sagemaker
    return {
        "now": account.clock.now.isoformat(),
        "execution": {"name": execution.name, "state": execution.state, "data": execution.data,
                      "started": execution.started},
        "items": client("dynamodb").scan(TableName="ledger")["Items"],
        "objects": [one for bucket in BUCKETS for one in _objects(bucket)],
        "messages": account.messages(),
        "uploads": list(account.uploads),
        "named": [[kind, name, body] for (kind, name), body in sagemaker.named.items()],
        "packages": dict(sagemaker.packages),
        "jobs": dict(sagemaker.jobs),
        "endpoints": [one | {"until": one["until"].isoformat()} for one in sagemaker.endpoints.values()],
    }  # fmt: skip


def restore(account: Account, found: dict[str, Any], definition: dict[str, Any]) -> Execution:
    """Makes the account what was recorded; returns the execution that is under way."""
    account.clock.now = datetime.fromisoformat(found["now"])
    for item in found["items"]:
        client("dynamodb").put_item(TableName="ledger", Item=item)
    for one in found["objects"]:
        client("s3").put_object(Bucket=one["bucket"], Key=one["key"], Body=base64.b64decode(one["body"]))
        kept = s3_backends["123456789012"]["aws"].buckets[one["bucket"]].keys.getlist(one["key"])[-1]
        kept._version_id = one["version"]  # S3 gives a new one, and the ledger pins the old one
    _deploy_key(account)
    for name in [item["sk"]["S"] for item in found["items"] if item["sk"]["S"].startswith("notified#")]:
        run = account.world.ledger.run(name.split("#")[1])  # the notice was sent before the recording
        account.notices.append({"subject": f"{run.model}: {run.state} ({run.id})", "text": ""})
    queue = account.world.platform.dispatch_queue
    for message in found["messages"]:
        client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(message))
    sagemaker = account.sagemaker
    sagemaker.named |= {(kind, name): body for kind, name, body in found["named"]}
    sagemaker.packages |= found["packages"]
    sagemaker.jobs |= found["jobs"]
    if not any('"candidate":' in item.get("record", {}).get("S", "") for item in found["items"]):
        _train_again(account)
    for one in found["endpoints"]:
        sagemaker.endpoints[one["EndpointName"]] = one | {"until": datetime.fromisoformat(one["until"])}
    account.uploads += found["uploads"]
    was = found["execution"]
    states = boto3.client("stepfunctions")
    with contextlib.suppress(states.exceptions.ExecutionAlreadyExists):  # of the account that was recorded
        states.start_execution(
            stateMachineArn=account.world.platform.state_machine, name=was["name"], input=json.dumps(was["started"])
        )
    execution = Execution(was["name"], was["data"], account.clock.now, was["state"], machine=definition)
    execution.started = was["started"]
    account.executions[was["name"]] = execution
    return execution


def _deploy_key(account: Account) -> None:
    """Makes the key of models younger than the objects: the deployment of a release that signs comes after them."""
    date_key(account.world.platform.signing_key, datetime.now(UTC) + timedelta(seconds=2))


def _train_again(account: Account) -> None:
    """Makes the archives again: those of releases before the pinned candidate hold files of no digest."""
    for name, job in list(account.sagemaker.jobs.items()):
        if job["TrainingJobStatus"] == "Completed":
            del account.sagemaker.jobs[name]
            account.sagemaker.train(job)


def write(release: str, definition: dict[str, Any], states: list[dict[str, Any]]) -> Path:
    """Writes the recordings of a release."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{release}.json.xz"
    text = json.dumps({"definition": definition, "states": states}, default=str)
    path.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    return path


def read(path: Path) -> dict[str, Any]:
    """The state machine of a release, and an account in each of its states."""
    found: dict[str, Any] = json.loads(lzma.decompress(path.read_bytes()))
    return found


def _objects(bucket: str) -> list[dict[str, str]]:
    s3 = client("s3")
    listed = s3.list_object_versions(Bucket=bucket).get("Versions", [])
    return [
        {
            "bucket": bucket,
            "key": one["Key"],
            "version": one["VersionId"],
            "body": base64.b64encode(
                s3.get_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
            ).decode(),
        }
        for one in listed
        if one["IsLatest"]
    ]
