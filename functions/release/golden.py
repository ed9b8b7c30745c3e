"""Reads the golden rows of a version from S3, and sends them to the endpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

from botocore.exceptions import ClientError

from cloud import endpoints, s3
from cloud.platform import Platform
from perennial import golden, layout
from perennial.contract.reveal import REVEALS, Reveal
from perennial.records import ModelVersion


@dataclass(frozen=True)
class Answer:
    """The answer of the endpoint: the model version that it names, and the fault in a sentence, or ''."""

    model: str
    fault: str
    status: int = 200


def read(platform: Platform, version: ModelVersion) -> dict[str, Any]:
    """The rows and the model's offline predictions: {"rows": [...], "predictions": [...]}."""
    key = layout.beside(version.archive_key, layout.GOLDEN_ROWS)
    found: dict[str, Any] = s3.read_json(platform.models_bucket, key)
    return found


def spread(platform: Platform, version: ModelVersion) -> float:
    """The standard deviation of the version's scores on its golden rows."""
    return golden.spread(read(platform, version)["predictions"])


def ask(endpoint: str, rows: dict[str, Any]) -> Answer:
    """Sends all golden rows once. An error of the model is an answer; any other error is raised."""
    body = json.dumps({"rows": rows["rows"]}).encode()
    try:
        content, attributes = endpoints.invoke(endpoint, body, "application/json", "application/json")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ModelError":
            raise
        status = int(error.response.get("OriginalStatusCode", 500))
        message = error.response["Error"]["Message"][:300]
        return Answer("", f"the endpoint answered the golden rows with an error ({status}): {message}", status)
    named = dict(part.strip().partition("=")[::2] for part in attributes.split(","))
    try:
        online = json.loads(content)["predictions"]
    except (ValueError, KeyError, TypeError):
        return Answer(named.get("model", ""), "the endpoint's answer to the golden rows holds no predictions")
    reveal = named.get("reveal", "all")
    if reveal not in REVEALS:
        return Answer(
            named.get("model", ""), "the endpoint states another bound on its answers than this release knows"
        )
    return Answer(named.get("model", ""), golden.difference(rows["predictions"], online, cast(Reveal, reveal)) or "")
