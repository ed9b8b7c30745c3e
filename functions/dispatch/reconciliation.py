"""Scheduled: starts uploads whose event was lost, and pending datasets of models without a run."""

from __future__ import annotations

from typing import Any

from cloud import lease, s3
from cloud.handovers import BucketName, CreatedObject, ObjectCreated, ObjectCreatedDetail, ReconciledUploads
from functions.dispatch import uploads
from functions.dispatch.handler import context
from functions.dispatch.uploads import Context
from functions.task import for_each_model, logger
from functions.withholding import withholding
from perennial import layout
from perennial.identity import dataset_id


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
    created = CreatedObject(key, version["VersionId"], version["Size"])
    detail = ObjectCreatedDetail(BucketName(bucket), created)
    uploads.on_object_created(context, ObjectCreated(detail, version["LastModified"].isoformat()))
    logger.warning("an upload had no event", key=key)
    return 1
