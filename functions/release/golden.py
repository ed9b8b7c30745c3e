"""Reads the golden rows of a version from S3, and sends them to the endpoint in bodies below its limit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from botocore.exceptions import ClientError

from cloud import endpoints, s3
from cloud.platform import Platform
from perennial import golden, layout
from perennial.contract.reveal import REVEALS, Reveal
from perennial.records import ModelVersion

LARGEST_BODY = 3_500_000  # bytes; SageMaker takes 6 MB, and 4 MB for a serverless endpoint
_EMPTY = b'{"rows":[]}'


@dataclass(frozen=True)
class Part:
    """Golden rows for one request: their place among all, the rows as JSON, and the model's offline predictions."""

    first: int
    body: bytes
    predictions: Sequence[Any]


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


def parts(golden_rows: dict[str, Any], largest: int = LARGEST_BODY) -> Iterator[Part]:
    """The golden rows in as few bodies of at most `largest` bytes as their order allows; a larger row is alone."""
    rows, size, first = list[bytes](), 0, 0
    for place, row in enumerate(golden_rows["rows"]):
        text = json.dumps(row).encode()
        if rows and size + len(text) > largest:
            yield _part(rows, first, golden_rows)
            rows, size, first = [], 0, place
        rows.append(text)
        size += len(text) + len(b",") + (0 if size else len(_EMPTY))
    yield _part(rows, first, golden_rows)


def _part(rows: list[bytes], first: int, golden_rows: dict[str, Any]) -> Part:
    body = b'{"rows":[' + b",".join(rows) + b"]}"
    return Part(first, body, golden_rows["predictions"][first : first + len(rows)])


def ask(endpoint: str, part: Part) -> Answer:
    """Sends some golden rows once. An error of the model is an answer; any other error is raised."""
    try:
        content, attributes = endpoints.invoke(
            endpoint, part.body, "application/json", "application/json", golden.INFERENCE_ID
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ModelError":
            raise
        status = int(error.response.get("OriginalStatusCode", 500))
        # its message may quote a value of a row
        return Answer("", f"the endpoint answered the golden rows with an error ({status}); its log has more", status)
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
    return Answer(
        named.get("model", ""), golden.difference(part.predictions, online, cast(Reveal, reveal), part.first) or ""
    )
