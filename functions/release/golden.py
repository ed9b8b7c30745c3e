"""The golden rows of a version: fetched from beside its archive, and asked of the live endpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cloud import endpoints, objects
from cloud.platform import Platform
from perennial import golden
from perennial.records import ModelVersion


@dataclass(frozen=True)
class Answer:
    """What the endpoint said. `model` names who said it, where the answer tells; `fault` is a sentence, or empty."""

    model: str
    fault: str
    status: int = 200


def read(platform: Platform, version: ModelVersion) -> dict[str, Any]:
    """The rows and what the model said of them offline: {"rows": [...], "predictions": [...]}."""
    key = version.archive_key.replace("model.tar.gz", "golden.json")
    found: dict[str, Any] = objects.read_json(platform.models_bucket, key)
    return found


def spread(platform: Platform, version: ModelVersion) -> float:
    """The standard deviation of the version's scores on its golden rows."""
    return golden.spread(read(platform, version)["predictions"])


def ask(endpoint: str, rows: dict[str, Any]) -> Answer:
    """Ask for all golden rows once. An error that the model itself raised is an answer; any other goes on."""
    body = json.dumps({"rows": rows["rows"]}).encode()
    try:
        content, attributes = endpoints.invoke(endpoint, body, "application/json", "application/json")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ModelError":
            raise
        status = int(error.response.get("OriginalStatusCode", 500))
        said = error.response["Error"]["Message"][:300]
        return Answer("", f"the endpoint answered the golden rows with an error ({status}): {said}", status)
    named = dict(part.strip().partition("=")[::2] for part in attributes.split(","))
    try:
        online = json.loads(content)["predictions"]
    except (ValueError, KeyError, TypeError):
        return Answer(named.get("model", ""), "the endpoint's answer to the golden rows holds no predictions")
    return Answer(named.get("model", ""), golden.difference(rows["predictions"], online) or "")
