"""Scheduled: handles uploads whose event was lost, starts pending datasets without a run, and ends lost runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cloud import lease, messaging, recent, s3
from cloud.handovers import BucketName, CreatedObject, ObjectCreated, ObjectCreatedDetail, ReconciledUploads
from functions.dispatch import lost_runs, retention, uploads
from functions.dispatch.handler import context
from functions.dispatch.uploads import Context
from functions.task import for_each_model, logger, metrics
from functions.withholding import withholding
from perennial import layout
from perennial.identity import dataset_id, truth_id
from perennial.records import DatasetVersion

#: an upload of labels is read within minutes; after a day its messages are in the dead-letter queue
_PATIENCE, _GIVEN_UP = timedelta(hours=1), timedelta(days=1)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@withholding
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Compares the uploads of every model with the ledger, and its runs with the lease."""
    here = context()
    done = for_each_model(here.specs, lambda model: _reconcile(here, model)).values()
    return ReconciledUploads(sum(one.found for one in done), sum(one.ended for one in done)).to_json()


def _reconcile(context: Context, model: str) -> ReconciledUploads:
    """Ends the lost runs of a model first, for the next one would take their lease; then starts what waits.

    An upload that fails stops no other.
    """
    ended = lost_runs.end(context, model)
    datasets = context.ledger.datasets(model)
    if not recent.is_complete(context.ledger, model):
        for dataset in datasets:
            lease.is_newest(context.ledger, dataset)
        recent.complete(context.ledger, model)
    known = {dataset.id for dataset in datasets}
    failed: list[BaseException] = []
    found = 0
    for version in s3.version_listing(context.platform.data_bucket, layout.incoming(model, "")):
        try:
            found += _start_if_unknown(context, model, known, version)
        except Exception as error:  # noqa: BLE001  (whatever is wrong with one object)
            failed.append(error)
    found += _resend_labels(context, model)
    retention.delete_ended(context, model, datasets)
    retention.revive(context, model)
    if lease.holder(context.ledger, model, context.now) is None:
        uploads.start_pending(context, model)
    _start_pending(context, [dataset for dataset in datasets if dataset.state == "pending"])
    if failed:
        raise failed[0]
    return ReconciledUploads(found, ended)


def _start_pending(context: Context, datasets: list[DatasetVersion]) -> None:
    """Starts pending datasets that do not wait for the lease: their message was lost."""
    for dataset in datasets:
        waits = lease.pending(context.ledger, dataset.model) == dataset.id
        if not waits and context.ledger.dataset(dataset.id).state == "pending":
            uploads.start_or_pend(context, dataset)


def _start_if_unknown(context: Context, model: str, known: set[str], version: dict[str, Any]) -> int:
    """Handles one object version as its event would have been handled; returns 1 if the ledger lacked it."""
    bucket, key = context.platform.data_bucket, version["Key"]
    upload = layout.read_upload(key)
    if upload is None or not upload.is_dataset:
        return 0
    if dataset_id(model, bucket, key, version["VersionId"]) in known:
        return 0
    if not uploads.on_object_created(context, _event(bucket, version)):
        return 0
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
    created = CreatedObject(version["Key"], version["VersionId"], version["Size"], etag=version["ETag"].strip('"'))
    return ObjectCreated(ObjectCreatedDetail(BucketName(bucket), created), version["LastModified"].isoformat())
