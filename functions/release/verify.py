"""Ask the live endpoint for the golden rows; if it answers as the model did offline, the version is champion."""

from __future__ import annotations

import json
import math
from typing import Any

from botocore.exceptions import ClientError

from cloud import endpoints, lease, objects
from functions.task import Task, task
from perennial.records import Champion, ModelVersion

TOLERANCE = 1e-9


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"ok": bool}"""
    release = task.event["release"]
    version = task.ledger.version(task.event["version"]["id"])
    fault = _fault(task, release["endpoint"], version)
    if fault:
        task.note("verify", (fault,))
        return {"ok": False}
    endpoints.scale(release["endpoint"], task.spec)
    _crown(task, version)
    task.note("verify", (f"{release['endpoint']} serves {version.id} and answers the golden rows as offline.",))
    return {"ok": True}


def _fault(task: Task, endpoint: str, version: ModelVersion) -> str | None:
    """What is wrong with the endpoint's answers, in a sentence."""
    key = version.archive_key.replace("model.tar.gz", "golden.json")
    golden = objects.read_json(task.platform.models_bucket, key)
    body = json.dumps({"rows": golden["rows"]}).encode()
    try:
        answer, attributes = endpoints.invoke(endpoint, body, "application/json", "application/json")
    except ClientError as error:
        return f"the endpoint refused the golden rows: {error.response['Error']['Message'][:300]}"
    if f"model={version.id}" not in attributes:
        return f"the endpoint answered as {attributes or 'an unnamed model'}, not as {version.id}"
    predictions = json.loads(answer)["predictions"]
    if len(predictions) != len(golden["predictions"]):
        return f"the endpoint answered {len(predictions)} of {len(golden['predictions'])} golden rows"
    for row, (offline, online) in enumerate(zip(golden["predictions"], predictions, strict=True), 1):
        if not same(offline, online):
            return f"golden row {row}: the model gave {offline} offline, the endpoint gives {online}"
    return None


def same(offline: Any, online: Any) -> bool:
    """Equal, numbers to 1e-9."""
    if isinstance(offline, dict) and isinstance(online, dict):
        return offline.keys() == online.keys() and all(same(offline[key], online[key]) for key in offline)
    if isinstance(offline, float) or isinstance(online, float):
        return math.isclose(offline, online, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(offline == online)


def _crown(task: Task, version: ModelVersion) -> None:
    before = task.ledger.champion(task.run.model)
    previous = before.version if before and before.version != version.id else before.previous if before else None
    lease.crown(
        task.ledger,
        task.run,
        Champion(
            model=task.run.model,
            version=version.id,
            run=task.run.id,
            token=task.run.token,
            since=task.now,
            previous=previous,
        ),
    )
