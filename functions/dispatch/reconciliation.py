"""Scheduled: starts uploads whose event was lost, and pending datasets of models without a run."""

from __future__ import annotations

from typing import Any

from cloud import lease, s3
from cloud.handovers import BucketName, CreatedObject, ObjectCreated, ObjectCreatedDetail, ReconciledUploads
from functions.dispatch import uploads
from functions.dispatch.handler import context
from functions.dispatch.uploads import Context
from functions.task import logger
from perennial import layout
from perennial.identity import dataset_id


@logger.inject_lambda_context(clear_state=True)
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Compares the uploads of every model with the ledger, and handles those that the ledger lacks."""
    found = 0
    here = context()
    for model in here.specs:
        known = {dataset.id for dataset in here.ledger.datasets(model)}
        for version in s3.version_listing(here.platform.data_bucket, layout.incoming(model, "")):
            found += _start_if_unknown(here, model, known, version)
        if lease.holder(here.ledger, model, here.now) is None:
            uploads.start_pending(here, model)
    return ReconciledUploads(found).to_json()


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
