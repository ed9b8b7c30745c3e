"""Handles uploads of labels: what counts becomes a part of the model's table of labels, what does not is told."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from cloud import messaging, s3, tables
from cloud.handovers import CreatedObject, ObjectCreated
from cloud.platform import Platform, from_environment
from functions.dispatch.handler import specs
from functions.task import logger, metrics
from perennial import conclusion, layout
from perennial.contract.model import ModelSpec
from perennial.identity import truth_id
from perennial.monitoring.truth import Labels, Upload, read
from perennial.records import Notice

processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handles a batch of events. Those that fail go back to the queue, without the others."""
    return dict(process_partial_response(event, handle, processor, context))


def handle(record: SQSRecord) -> None:
    """Handles one event of S3. The same event again writes the same objects, and no second notice."""
    event = ObjectCreated.from_json(json.loads(record.body), f"{__name__}.handler")
    platform, item = from_environment(), event.detail.object
    named = layout.read_truth(item.key)
    spec = specs().get(named[0]) if named else None
    if spec is None:
        refuse_unknown(platform, item.key)
        return
    bucket = event.detail.bucket.name
    identity = truth_id(spec.name, bucket, item.key, item.version_id)
    at = datetime.fromisoformat(event.time).astimezone(UTC)
    upload = Upload(identity, at, item.key.rsplit("/", 1)[-1], {name: each.target for name, each in specs().items()})
    keep(platform, spec, bucket, item, upload)


def keep(platform: Platform, spec: ModelSpec, bucket: str, item: CreatedObject, upload: Upload) -> None:
    """Writes the labels of an upload, its counts, and a notice about what does not count."""
    traffic, record = platform.traffic_bucket, layout.truth_record(spec.name, upload.id)
    if s3.heads(traffic, [record])[0] is not None:
        return
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "labels"
        try:
            s3.download(bucket, item.key, path, item.version_id)
        except s3.MissingObjectError:
            logger.warning("the upload was deleted before it was read", truth=upload.id)
            return
        found = read(path, spec, upload)
    if found.counts.labels:
        key = layout.table_upload(spec.name, upload.at.date(), upload.id)
        s3.write_bytes(traffic, key, tables.parquet(found.frame))
    if found.refused or found.counts.left_out:
        messaging.notify_people(platform, notice(spec, item.key, found))
    about = {"truth": upload.id, "model": spec.name, "key": item.key, "version_id": item.version_id}
    s3.write_json(traffic, record, about | {"uploaded_at": upload.at.isoformat()} | found.to_json())
    logger.info("labels read", truth=upload.id, labels=found.counts.labels, left_out=found.counts.left_out)


def notice(spec: ModelSpec, key: str, found: Labels) -> Notice:
    """The notice about an upload of which something, or nothing, counts."""
    counts = found.counts
    subject = (
        f"{spec.name}: labels refused" if found.refused else f"{spec.name}: {counts.left_out:,} labels do not count"
    )
    first = f"{key}: {counts.labels:,} of {counts.rows:,} rows count as labels of {spec.name}."
    next_command = f"Next: mend the file, then perennial truth FILE --model {spec.name}"
    return Notice(subject=subject, severity="warning", text="\n".join([first, *found.sentences, next_command]))


def refuse_unknown(platform: Platform, key: str) -> None:
    """Sends the notice that labels were uploaded for no model."""
    text = (
        f"{conclusion.quoted(key)} was put under truth/, but names no model of this deployment. "
        "Expected truth/MODEL/FILE, with one of:"
    )
    told = Notice(subject="labels for no known model", severity="warning", text="\n".join([text, *sorted(specs())]))
    messaging.notify_people(platform, told)
