"""Scheduled: starts uploads whose event or message was lost, and ends runs that lost their execution or their lease.

A run holds its model's lease as long as it is under way. One that is `running` without the lease has no execution that
could end it: that one was never started, has ended without a conclusion, or is fenced off.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from cloud import executions, lease, messaging, s3
from cloud.handovers import (
    BucketName,
    ConcludeRequest,
    CreatedObject,
    ObjectCreated,
    ObjectCreatedDetail,
    ReconciledUploads,
    StateError,
)
from functions.conclusion import conclude
from functions.dispatch import cleanup, uploads
from functions.dispatch.handler import context
from functions.dispatch.uploads import Context
from functions.task import for_each_model, logger, metrics
from functions.withholding import withholding
from perennial import layout
from perennial.identity import dataset_id, truth_id
from perennial.outcomes import Outcome
from perennial.records import Run

LOST = StateError("LostRunError", "the run had no execution and no lease any more; what it had begun was ended")
GRACE, RECENT = timedelta(minutes=15), timedelta(days=2)  # after the end of a run: its notice is under way, or is lost
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
    """Ends the lost runs of a model first, for the next one would take their lease; then starts what waits."""
    runs = context.ledger.runs(model)
    ended = sum(_end_if_lost(context, run) for run in runs if run.state == "running")
    _free(context, model)
    for run in runs:
        if run.ended_at is not None and GRACE < context.now - run.ended_at < RECENT:
            _tell(context, run)
    return ReconciledUploads(_start_lost(context, model), ended)


def _end_if_lost(context: Context, run: Run) -> bool:
    """Ends a run that does not hold the lease: by an execution that cleans up, or in the ledger where there was one."""
    if lease.holder(context.ledger, run.model, context.now) == run.id:
        return False
    if run.trigger == "upload" and context.ledger.dataset(run.dataset).state == "pending":
        return False  # its execution was not started, and is started with the pending datasets
    logger.warning("a run was lost", run=run.id, model=run.model)
    if not cleanup.start(context, run.id, LOST):
        reference = executions.reference(context.platform, run, run.trigger)
        conclude(ConcludeRequest(reference, "failed", LOST, f"{run.id}-cleanup"))
    return True


def _free(context: Context, model: str) -> None:
    """Releases the lease of a run that has ended, so that the next one need not wait for the lease's end."""
    held = lease.held(context.ledger, model)
    if held is None or not context.ledger.has_run(held.run):
        return  # no record yet: it is being started
    run = context.ledger.run(held.run)
    if run.state != "running":
        lease.release(context.ledger, run.model_copy(update={"token": held.token}))


def _tell(context: Context, run: Run) -> None:
    """Concludes a run again whose notice was not sent: its conclusion may have ended in the middle."""
    if not context.ledger.was_notified(run):
        conclude(ConcludeRequest(executions.reference(context.platform, run, run.trigger), cast(Outcome, run.state)))


def _start_lost(context: Context, model: str) -> int:
    """Starts uploads that the ledger lacks, and datasets that are pending without a message; returns their number.

    An upload that fails stops no other; its error is raised at the end.
    """
    datasets = context.ledger.datasets(model)
    known, found = {dataset.id for dataset in datasets}, 0
    failed: list[BaseException] = []
    for version in s3.version_listing(context.platform.data_bucket, layout.incoming(model, "")):
        try:
            found += _start_if_unknown(context, model, known, version)
        except Exception as error:  # noqa: BLE001  (whatever is wrong with one object)
            failed.append(error)
    found += _resend_labels(context, model)
    if lease.holder(context.ledger, model, context.now) is None:
        uploads.start_pending(context, model)
    for dataset in datasets:
        left = dataset.state == "pending" and lease.pending(context.ledger, model) != dataset.id
        if left and context.ledger.dataset(dataset.id).state == "pending":
            uploads.start_or_pend(context, dataset)
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
