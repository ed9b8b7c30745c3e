"""Claims dataset versions for the notifications of S3, and starts their runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cloud import executions, forgettings, lease, recent, retrainings, sources
from cloud.handovers import HOLD, DispatchMessage, ObjectCreated
from cloud.ledger import Ledger
from cloud.platform import Platform
from functions.dispatch import bounds, unstarted
from functions.task import logger
from perennial import layout
from perennial.card import has_ended as card_ended
from perennial.contract.model import ModelSpec
from perennial.identity import dataset_id, retrain_run_id, upload_run_id
from perennial.lineage import edges_of_run
from perennial.outcomes import Trigger
from perennial.records import DatasetVersion, Run, Step


@dataclass(frozen=True)
class Context:
    """The context of dispatch: the platform, its ledger, the specs of this deployment, and the time.

    `broken`: the models whose spec cannot be used, and why.
    """

    platform: Platform
    ledger: Ledger
    specs: dict[str, ModelSpec]
    now: datetime
    broken: Mapping[str, Exception] = field(default_factory=dict)


def on_notification(context: Context, events: Iterable[ObjectCreated]) -> None:
    """Handles the objects of one message. One that fails stops no other, and sends the message back to the queue.

    The queue takes notifications of any bucket of the account: those of others are ignored.
    """
    failed: list[Exception] = []
    for event in events:
        if event.detail.bucket.name != context.platform.data_bucket:
            logger.warning("a notification of another bucket is ignored", bucket=event.detail.bucket.name)
            continue
        try:
            on_object_created(context, event)
        except Exception as error:  # noqa: BLE001  (whatever is wrong with one object)
            failed.append(error)
    if failed:
        raise failed[0]


def on_object_created(context: Context, event: ObjectCreated) -> bool:
    """Handles a created object. The same one again changes nothing, but an uploader who was not known is recorded.

    False where nothing is recorded of the object: it is no dataset of its own, or waits for the next day.
    """
    item = event.detail.object
    upload = layout.read_upload(item.key)
    if upload is not None and not upload.is_dataset:
        return False  # a part of a dataset, whose manifest has an event of its own; or a card, which the plan reads
    if upload is not None and upload.model in context.broken:
        raise context.broken[upload.model]  # back to the queue, until the spec is mended
    spec = context.specs.get(upload.model) if upload else None
    if upload is None or spec is None:
        unstarted.refuse_unknown(context, event, upload.model if upload else "")
        return True
    bucket = event.detail.bucket.name
    if forgettings.is_rewritten(context.ledger, spec.name, item.key, item.etag):
        return False  # a forgetting wrote it again without a person: what was accepted of it is rewritten, too
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
        uploader=event.uploader,
    )
    if not bounds.admits(context, spec, dataset):
        return False
    if context.ledger.claim(dataset):
        bounds.count(context, dataset)
    else:
        dataset = _known(context, dataset)
    if dataset.state == "pending":
        start_or_pend(context, dataset)
    return True


def _known(context: Context, dataset: DatasetVersion) -> DatasetVersion:
    """The ledger's record of a dataset that was claimed before, with its uploader, if only its notification has it."""
    known = context.ledger.dataset(dataset.id)
    if known.uploader or not dataset.uploader:
        return known
    context.ledger.change_dataset(known.id, uploader=dataset.uploader)
    return known.model_copy(update={"uploader": dataset.uploader})


def start_or_pend(context: Context, dataset: DatasetVersion) -> None:
    """Starts the dataset's run, or lets it wait for the run under way."""
    if _is_outdated(context, dataset):
        unstarted.supersede(context, dataset.id)
        return
    if start(context, upload_run_id(dataset.id), dataset, "upload", _served(context, dataset)):
        lease.unpend(context.ledger, dataset.model, dataset.id)
        return
    displaced = lease.pend(context.ledger, dataset)
    if displaced:
        unstarted.supersede(context, displaced)
    if lease.holder(context.ledger, dataset.model, context.now) is None:
        start_pending(context, dataset.model)  # the run under way has ended meanwhile


def start_pending(context: Context, model: str) -> None:
    """Starts the dataset that waits for a model's lease, if there is one."""
    waiting = lease.pending(context.ledger, model)
    if waiting is None:
        return
    dataset = context.ledger.dataset(waiting)
    if dataset.state != "pending" or start(
        context, upload_run_id(waiting), dataset, "upload", _served(context, dataset)
    ):
        lease.unpend(context.ledger, model, waiting)


def retrain(context: Context, message: DispatchMessage) -> None:
    """Starts a run that trains again on the accepted data.

    Nothing happens while another run is under way, or where the champion was trained on all data that may be kept: the
    same data would give the same model. A person may ask for that all the same.
    """
    model = message.subject
    spec, champion = context.specs.get(model), context.ledger.champion(model)
    accepted = _accepted(context, spec) if spec is not None else []
    if spec is None or not accepted or not (champion or message.who):
        return
    if champion is not None and not message.who:
        trained = context.ledger.version(champion.version)
        if accepted[-1].id in trained.datasets and spec.digest() == trained.spec_digest:
            logger.warning("stale, but there is no newer data to train on", model=model, version=champion.version)
            return
    run_id = retrain_run_id(model, champion.version if champion else "", message.occasion)
    start(context, run_id, accepted[-1], "retrain", _reasons(context, message, run_id), message.imported)


def _accepted(context: Context, spec: ModelSpec) -> list[DatasetVersion]:
    """The datasets that may be trained on."""
    excluded = context.ledger.exclusions(spec.name)
    datasets = (d for d in context.ledger.datasets(spec.name) if d.accepted and d.id not in excluded)
    return [dataset for dataset in datasets if not card_ended(dataset, spec.card, context.now)]


def _reasons(context: Context, message: DispatchMessage, run_id: str) -> tuple[Step, ...]:
    """The first step of a run: the request of a person, or the decision of the platform."""
    if not message.who:
        return _decision(context, message.subject, run_id)
    wish = f"judge a model for {message.subject} that was trained elsewhere" if message.imported else (
        f"train {message.subject} again"
    )  # fmt: skip
    sentence = f"{message.who} asked to {wish}: {message.why.rstrip('.')}."
    return (Step(name="request", at=context.now, sentences=(sentence,), details={"who": message.who}),)


def _served(context: Context, dataset: DatasetVersion) -> tuple[Step, ...]:
    """The decision by which a dataset of served rows was made, as the first step of its run."""
    at = layout.served_at(dataset.key)
    found = retrainings.decisions(context.ledger, dataset.model) if at else []
    made = next((each for each in found if each.action == "train" and each.at == at), None)
    return (Step(name="retraining", at=made.at, sentences=made.sentences),) if made else ()


def _decision(context: Context, model: str, run_id: str) -> tuple[Step, ...]:
    """The decision by which a retraining begins, as the first step of its run."""
    found = retrainings.decisions(context.ledger, model)
    made = next((each for each in found if each.run == run_id), None)
    return (Step(name="retraining", at=made.at, sentences=made.sentences),) if made else ()


def start(
    context: Context,
    run_id: str,
    dataset: DatasetVersion,
    trigger: Trigger,
    steps: tuple[Step, ...] = (),
    imported: str = "",
) -> bool:
    """Takes the model's lease and starts the execution. False while another run has the lease.

    Nothing is started for a retired model; an upload of it is refused.

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
        steps=steps,
        imported=imported,
    )
    retired = context.ledger.is_retired(dataset.model)  # it is written under the lease, which is ours now
    if retired is not None:
        if trigger == "upload":
            unstarted.refuse_retired(context, dataset.id, retired)
        lease.release(context.ledger, run)
        return True
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
    """True if the ledger has a newer version of the same key. Events may arrive out of order."""
    if not lease.is_newest(context.ledger, dataset):
        return True
    if recent.is_complete(context.ledger, dataset.model):
        return False
    return any(  # until the reconciler has noted the versions of an earlier release
        other.key == dataset.key and lease.order(other) > lease.order(dataset)
        for other in context.ledger.datasets(dataset.model)
    )
