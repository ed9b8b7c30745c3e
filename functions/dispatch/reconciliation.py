"""Scheduled: handles uploads whose event was lost, and starts pending datasets of models without a run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cloud import lease, messaging, s3
from cloud.handovers import BucketName, CreatedObject, ObjectCreated, ObjectCreatedDetail, ReconciledUploads
from functions.dispatch import uploads
from functions.dispatch.handler import context
from functions.dispatch.uploads import Context
from functions.task import for_each_model, logger
from functions.withholding import withholding
from perennial import layout
from perennial.identity import dataset_id, truth_id

#: an upload of labels is read within minutes; after a day its messages are in the dead-letter queue
_PATIENCE, _GIVEN_UP = timedelta(hours=1), timedelta(days=1)


@logger.inject_lambda_context(clear_state=True)
@withholding
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Compares the uploads of every model with the ledger, and handles those that the ledger lacks."""
    here = context()
    found = for_each_model(here.specs, lambda model: _reconcile(here, model))
    return ReconciledUploads(sum(found.values())).to_json()


def _reconcile(context: Context, model: str) -> int:
    """Handles the uploads of a model that the ledger lacks; returns their number. One that fails stops no other."""
    known = {dataset.id for dataset in context.ledger.datasets(model)}
    failed: list[BaseException] = []
    found = 0
    for version in s3.version_listing(context.platform.data_bucket, layout.incoming(model, "")):
        try:
            found += _start_if_unknown(context, model, known, version)
        except Exception as error:  # noqa: BLE001  (whatever is wrong with one object)
            failed.append(error)
    found += _resend_labels(context, model)
    if lease.holder(context.ledger, model, context.now) is None:
        uploads.start_pending(context, model)
    if failed:
        raise failed[0]
    return found


def _start_if_unknown(context: Context, model: str, known: set[str], version: dict[str, Any]) -> int:
    """Handles one object version as its event would have been handled; returns 1 if the ledger lacked it."""
    bucket, key = context.platform.data_bucket, version["Key"]
    upload = layout.read_upload(key)
    if upload is None or not upload.is_dataset:
        return 0
    if dataset_id(model, bucket, key, version["VersionId"]) in known:
        return 0
    uploads.on_object_created(context, _event(bucket, version))
    logger.warning("an upload had no event", key=key)
    return 1


def _resend_labels(context: Context, model: str) -> int:
    """Sends the event of every upload of labels again that was not read within an hour; returns their number."""
    bucket, traffic = context.platform.data_bucket, context.platform.traffic_bucket
    known = {item["Key"] for item in s3.listing(traffic, layout.truth_records(model))}
    found = 0
    for version in s3.version_listing(bucket, layout.truth(model, "")):
        record = layout.truth_record(model, truth_id(model, bucket, version["Key"], version["VersionId"]))
        if record not in known and _PATIENCE < context.now - version["LastModified"] < _GIVEN_UP:
            messaging.labels(context.platform, _event(bucket, version))
            logger.warning("an upload of labels had no event", key=version["Key"])
            found += 1
    return found


def _event(bucket: str, version: dict[str, Any]) -> ObjectCreated:
    """The event of an object version, as S3 sent it or should have."""
    created = CreatedObject(version["Key"], version["VersionId"], version["Size"])
    return ObjectCreated(ObjectCreatedDetail(BucketName(bucket), created), version["LastModified"].isoformat())
