"""Scheduled: starts what an event was lost for, and what waits although nothing runs."""

from __future__ import annotations

from typing import Any

from cloud import lease, objects
from functions.dispatch import uploads
from functions.dispatch.handler import desk
from functions.task import logger
from perennial import layout
from perennial.identity import dataset_id


@logger.inject_lambda_context(clear_state=True)
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Look at every upload of every model; those that the ledger does not know get the event they missed."""
    found = 0
    place = desk()
    for model in place.specs:
        known = {dataset.id for dataset in place.ledger.datasets(model)}
        for version in objects.version_listing(place.platform.data_bucket, layout.incoming(model, "")):
            found += _missed(place, model, known, version)
        if lease.holder(place.ledger, model, place.now) is None:
            uploads.wake(place, model)
    return {"found": found}


def _missed(place: uploads.Desk, model: str, known: set[str], version: dict[str, Any]) -> int:
    bucket = place.platform.data_bucket
    upload = layout.read_upload(version["Key"])
    if upload is None or not upload.is_dataset:
        return 0
    if dataset_id(model, bucket, version["Key"], version["VersionId"]) in known:
        return 0
    item = {"key": version["Key"], "version-id": version["VersionId"], "size": version["Size"]}
    uploads.arrived(place, {"bucket": {"name": bucket}, "object": item, "time": version["LastModified"]})
    logger.warning("an upload had no event", key=version["Key"])
    return 1
