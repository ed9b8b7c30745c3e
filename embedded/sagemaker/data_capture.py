"""Data capture: an endpoint's requests and responses as JSON lines in S3."""

import base64
import json
import logging
import random
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded.context import Clients
from embedded.sagemaker.locations import S3Location

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CapturedInvocation:
    """A successful invocation, for data capture."""

    input: bytes
    input_type: str
    output: bytes
    output_type: str
    inference_id: str | None
    custom_attributes: str | None


class DataCapture:
    """Captured lines, written to S3 by `flush`; `add` may be called from any thread."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._lines: dict[tuple[S3Location, str, str], list[str]] = {}
        self._lock = threading.Lock()

    def add(
        self, config: dict[str, Any], endpoint: str, variant: tuple[str, str], exchange: CapturedInvocation
    ) -> bool:
        """Captures an invocation if the DataCaptureConfig samples it. Returns True if it was captured.

        `variant` is its name and the session of its role, which writes.
        """
        if not config.get("EnableCapture"):
            return False
        if random.random() * 100 >= config["InitialSamplingPercentage"]:
            return False
        moment = datetime.now(UTC)
        folder = S3Location.parse(config["DestinationS3Uri"]).under(
            endpoint, variant[0], moment.strftime("%Y/%m/%d/%H")
        )
        line = json.dumps(_record(config, exchange, moment))
        with self._lock:
            self._lines.setdefault((folder, variant[1], config.get("KmsKeyId") or ""), []).append(line)
        return True

    def flush(self) -> None:
        """Writes the pending lines, one object per endpoint, variant and hour."""
        with self._lock:
            lines, self._lines = self._lines, {}
        for (folder, principal, key), batch in lines.items():
            moment = datetime.now(UTC)
            name = f"{moment:%M-%S}-{moment.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
            location = folder.under(name)
            try:
                self._clients.acting_as(principal)("s3").put_object(
                    Bucket=location.bucket,
                    Key=location.key,
                    Body="".join(f"{line}\n" for line in batch).encode(),
                    **({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}),
                )
            except (ClientError, BotoCoreError) as error:
                logger.warning("%d captured invocations are lost: %s: %s", len(batch), location.uri, error)


def summary(config: dict[str, Any] | None) -> dict[str, Any]:
    """The DataCaptureConfig summary of DescribeEndpoint; empty without a configuration."""
    if not config:
        return {}
    enabled = bool(config.get("EnableCapture"))
    members = {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        # A required member; without a key it is empty on AWS.
        "KmsKeyId": config.get("KmsKeyId") or "",
    }
    return {"DataCaptureConfig": members}


def _record(config: dict[str, Any], exchange: CapturedInvocation, moment: datetime) -> dict[str, Any]:
    modes = {option["CaptureMode"] for option in config.get("CaptureOptions") or []}
    types = config.get("CaptureContentTypeHeader") or {}
    data = {}
    if modes & {"Input", "InputAndOutput"}:
        data["endpointInput"] = _side("INPUT", exchange.input, exchange.input_type, types)
    if modes & {"Output", "InputAndOutput"}:
        data["endpointOutput"] = _side("OUTPUT", exchange.output, exchange.output_type, types)
    metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
    if exchange.custom_attributes:
        metadata["customAttributes"] = [exchange.custom_attributes]
    if exchange.inference_id:
        metadata["inferenceId"] = exchange.inference_id
    metadata["inferenceTime"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}


def _side(mode: str, body: bytes, content_type: str, types: dict[str, list[str]]) -> dict[str, str]:
    bare = content_type.split(";")[0].strip().lower()
    encoding, text = "BASE64", base64.b64encode(body).decode()
    for name, member in (("CSV", "CsvContentTypes"), ("JSON", "JsonContentTypes")):
        if bare in [kind.lower() for kind in types.get(member) or []]:
            try:
                encoding, text = name, body.decode()
            except UnicodeDecodeError:
                continue
    return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}
