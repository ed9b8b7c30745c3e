"""Uploads that start no run: superseded ones, and those of a retired or of no known model."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from cloud import messaging
from cloud.handovers import ObjectCreated
from perennial import conclusion
from perennial.identity import dataset_id, upload_run_id
from perennial.outcomes import Outcome
from perennial.records import DatasetVersion, Retirement, Run

if TYPE_CHECKING:
    from functions.dispatch.uploads import Context


def supersede(context: Context, identity: str) -> None:
    """Ends a pending dataset that a newer upload came before."""
    dataset = context.ledger.dataset(identity)
    run = _ended(context, dataset, upload_run_id(identity), "superseded")
    told = conclusion.reasons(run, "superseded")
    _end_unstarted(context, dataset, run, told, conclusion.next_command(run, "superseded"))


def refuse_retired(context: Context, identity: str, retired: Retirement) -> None:
    """Refuses an upload of a retired model: it is recorded, kept where it was put, and starts nothing."""
    dataset = context.ledger.dataset(identity)
    run = _ended(context, dataset, upload_run_id(identity), "refused")
    following = f"perennial retire {dataset.model} --undo   # then upload it again"
    _end_unstarted(context, dataset, run, ("The model is retired; nothing was started.", retired.sentence), following)


def _ended(context: Context, dataset: DatasetVersion, run_id: str, state: Outcome) -> Run:
    """A run that ends before it is started."""
    return Run(
        id=run_id,
        model=dataset.model,
        dataset=dataset.id,
        trigger="upload",
        spec_digest=dataset.spec_digest,
        token=0,
        state=state,
        started_at=context.now,
        ended_at=context.now,
    )


def _end_unstarted(
    context: Context, dataset: DatasetVersion, run: Run, reasons: tuple[str, ...], following: str
) -> None:
    """Ends the run before it began. Each step is safe to repeat after a crash; the dataset's state is last."""
    if dataset.state != "pending":
        return
    command = context.platform.environment.commands(following)
    if not context.ledger.open_run(run.model_copy(update={"reasons": reasons, "next_command": command})):
        run = context.ledger.run(run.id)
        if run.state == "running":
            return
    messaging.notify(context.platform, run.id)  # the notice is sent once
    context.ledger.change_dataset(dataset.id, only_if="pending", state=run.state)


def refuse_unknown(context: Context, event: ObjectCreated, model: str) -> None:
    """Records an upload that no spec knows, and notifies people once."""
    item, bucket = event.detail.object, event.detail.bucket.name
    dataset = DatasetVersion(
        id=dataset_id("unknown", bucket, item.key, item.version_id),
        model=model,
        name=item.key.rsplit("/", 1)[-1],
        bucket=bucket,
        key=item.key,
        version_id=item.version_id,
        size=item.size,
        uploaded_at=datetime.fromisoformat(event.time),
        sequencer=item.sequencer,
        spec_digest="",
        card_digest="",
        state="quarantined",
        accepted=False,
        uploader=event.uploader,
    )
    if context.ledger.refuse_unknown(dataset):
        messaging.notify_people(context.platform, conclusion.unknown_upload(item.key, sorted(context.specs)))
