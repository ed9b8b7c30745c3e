"""Claims dataset versions for the events of S3, and starts their runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cloud import executions, lease, messaging, sources
from cloud.handovers import ObjectCreated
from cloud.ledger import Ledger
from cloud.platform import Platform
from functions.task import HOLD, logger
from perennial import conclusion, layout
from perennial.card import has_ended as card_ended
from perennial.contract.model import ModelSpec
from perennial.identity import dataset_id, retrain_run_id, upload_run_id
from perennial.lineage import edges_of_run
from perennial.outcomes import Trigger
from perennial.records import DatasetVersion, Run


@dataclass(frozen=True)
class Context:
    """The context of dispatch: the platform, its ledger, the specs of this deployment, and the time."""

    platform: Platform
    ledger: Ledger
    specs: dict[str, ModelSpec]
    now: datetime


def on_object_created(context: Context, event: ObjectCreated) -> None:
    """Handles an 'Object Created' event. The same event again changes nothing."""
    item = event.detail.object
    upload = layout.read_upload(item.key)
    if upload is not None and not upload.is_dataset:
        return  # a part of a dataset, whose manifest has an event of its own; or a card, which the plan reads
    spec = context.specs.get(upload.model) if upload else None
    if upload is None or spec is None:
        _refuse_unknown(context, event, upload.model if upload else "")
        return
    bucket = event.detail.bucket.name
    dataset = DatasetVersion(
        id=dataset_id(spec.name, bucket, item.key, item.version_id),
        model=spec.name,
        name=upload.name,
        bucket=bucket,
        key=item.key,
        version_id=item.version_id,
        size=item.size,
        uploaded_at=datetime.fromisoformat(event.time),
        sequencer=item.sequencer,
        spec_digest=spec.digest(),
        card_digest=spec.card_digest(),
    )
    if not context.ledger.claim(dataset):
        dataset = context.ledger.dataset(dataset.id)
    if dataset.state == "pending":
        start_or_pend(context, dataset)


def start_or_pend(context: Context, dataset: DatasetVersion) -> None:
    """Starts the dataset's run, or lets it wait for the run under way."""
    if _is_outdated(context, dataset):
        _supersede(context, dataset.id)
        return
    if start(context, upload_run_id(dataset.id), dataset, "upload"):
        lease.unpend(context.ledger, dataset.model, dataset.id)
        return
    displaced = lease.pend(context.ledger, dataset)
    if displaced:
        _supersede(context, displaced)
    if lease.holder(context.ledger, dataset.model, context.now) is None:
        start_pending(context, dataset.model)  # the run under way has ended meanwhile


def start_pending(context: Context, model: str) -> None:
    """Starts the dataset that waits for a model's lease, if there is one."""
    waiting = lease.pending(context.ledger, model)
    if waiting is None:
        return
    dataset = context.ledger.dataset(waiting)
    if dataset.state != "pending" or start(context, upload_run_id(waiting), dataset, "upload"):
        lease.unpend(context.ledger, model, waiting)


def retrain(context: Context, model: str, occasion: str) -> None:
    """Starts a run that trains again on the accepted data.

    Nothing happens while another run is under way, or where the champion was trained on all data that may be kept: the
    same data would give the same model.
    """
    champion = context.ledger.champion(model)
    card = context.specs[model].card
    datasets = (dataset for dataset in context.ledger.datasets(model) if dataset.accepted)
    accepted = [dataset for dataset in datasets if not card_ended(dataset, card, context.now)]
    if champion is None or not accepted:
        return
    trained = context.ledger.version(champion.version)
    if accepted[-1].id in trained.datasets and context.specs[model].digest() == trained.spec_digest:
        logger.warning("stale, but there is no newer data to train on", model=model, version=champion.version)
        return
    start(context, retrain_run_id(model, champion.version, occasion), accepted[-1], "retrain")


def start(context: Context, run_id: str, dataset: DatasetVersion, trigger: Trigger) -> bool:
    """Takes the model's lease and starts the execution. False while another run has the lease.

    Each step is safe to repeat after a crash: the lease knows its holder, the run is inserted once, and the name of the
    execution is the run's id.
    """
    token = lease.acquire(context.ledger, dataset.model, run_id, context.now, HOLD)
    if token is None:
        return False
    run = Run(
        id=run_id,
        model=dataset.model,
        dataset=dataset.id,
        trigger=trigger,
        spec_digest=executions.keep_spec(context.platform, context.specs[dataset.model]),
        token=token,
        state="running",
        started_at=context.now,
        code_digest=sources.keep(context.platform),
    )
    if not context.ledger.open_run(run):
        run = context.ledger.run(run_id).model_copy(update={"token": token})
    if run.state != "running":
        lease.release(context.ledger, run)
        return True
    context.ledger.link(edges_of_run(run))
    executions.start(context.platform, run)
    if trigger == "upload":
        context.ledger.change_dataset(dataset.id, only_if="pending", state="running")
    logger.info("run started", run=run.id, dataset=dataset.id, trigger=trigger)
    return True


def _is_outdated(context: Context, dataset: DatasetVersion) -> bool:
    """Is a newer version of the same key known? Events come out of order."""
    return any(
        other.key == dataset.key and lease.order(other) > lease.order(dataset)
        for other in context.ledger.datasets(dataset.model)
    )


def _supersede(context: Context, identity: str) -> None:
    dataset = context.ledger.dataset(identity)
    if dataset.state != "pending":
        return
    run = Run(
        id=upload_run_id(identity),
        model=dataset.model,
        dataset=identity,
        trigger="upload",
        spec_digest=dataset.spec_digest,
        token=0,
        state="superseded",
        started_at=context.now,
        ended_at=context.now,
    )
    ended = run.model_copy(
        update={
            "reasons": conclusion.reasons(run, "superseded"),
            "next_command": conclusion.next_command(run, "superseded"),
        }
    )
    if context.ledger.open_run(ended):
        context.ledger.change_dataset(identity, only_if="pending", state="superseded")
        messaging.notify(context.platform, ended.id)


def _refuse_unknown(context: Context, event: ObjectCreated, model: str) -> None:
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
    )
    if context.ledger.refuse_unknown(dataset):
        messaging.notify_people(context.platform, conclusion.unknown_upload(item.key, sorted(context.specs)))
