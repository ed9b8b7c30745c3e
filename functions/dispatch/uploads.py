"""From an S3 event to a claimed dataset version, and from that to a started run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloud import executions, lease, notices
from cloud.ledger import Ledger
from cloud.platform import Platform
from functions.task import HOLD, logger
from perennial import conclusion, layout
from perennial.card import has_ended as card_ended
from perennial.contract.model import ModelSpec
from perennial.identity import dataset_id, retrain_run_id, upload_run_id
from perennial.lineage import edges_of_run
from perennial.records import DatasetVersion, Run, Trigger


@dataclass(frozen=True)
class Desk:
    """Where dispatch works: the platform, its ledger, the specs of this deploy, and the time."""

    platform: Platform
    ledger: Ledger
    specs: dict[str, ModelSpec]
    now: datetime


def arrived(desk: Desk, created: dict[str, Any]) -> None:
    """Act on an 'Object Created' event's detail. Seen again, it changes nothing."""
    item = created["object"]
    upload = layout.read_upload(item["key"])
    if upload is not None and not upload.is_dataset:
        return  # a part of a dataset, for which its manifest will speak; or a card, which the plan looks for
    spec = desk.specs.get(upload.model) if upload else None
    if upload is None or spec is None:
        _refuse_unknown(desk, created, upload.model if upload else "")
        return
    bucket, version = created["bucket"]["name"], item.get("version-id", "")
    dataset = DatasetVersion(
        id=dataset_id(spec.name, bucket, item["key"], version),
        model=spec.name,
        name=upload.name,
        bucket=bucket,
        key=item["key"],
        version_id=version,
        size=int(item.get("size", 0)),
        uploaded_at=created["time"],
        sequencer=item.get("sequencer", ""),
        spec_digest=spec.digest(),
        card_digest=spec.card_digest(),
    )
    if not desk.ledger.claim(dataset):
        dataset = desk.ledger.dataset(dataset.id)
    if dataset.state == "pending":
        begin(desk, dataset)


def begin(desk: Desk, dataset: DatasetVersion) -> None:
    """Start the dataset's run, or let it wait for the run that is under way."""
    if _is_outdated(desk, dataset):
        _supersede(desk, dataset.id)
        return
    if start(desk, upload_run_id(dataset.id), dataset, "upload"):
        lease.unpend(desk.ledger, dataset.model, dataset.id)
        return
    displaced = lease.pend(desk.ledger, dataset)
    if displaced:
        _supersede(desk, displaced)
    if lease.holder(desk.ledger, dataset.model, desk.now) is None:
        wake(desk, dataset.model)  # the run under way ended between our two looks


def wake(desk: Desk, model: str) -> None:
    """Start what waits for a model's lease, if anything does."""
    waiting = lease.pending(desk.ledger, model)
    if waiting is None:
        return
    dataset = desk.ledger.dataset(waiting)
    if dataset.state != "pending" or start(desk, upload_run_id(waiting), dataset, "upload"):
        lease.unpend(desk.ledger, model, waiting)


def retrain(desk: Desk, model: str, occasion: str) -> None:
    """Start a run that trains again on what was accepted. Nothing happens while another run is under way,

    nor where the champion has seen all that may still be kept: the same data would give the same model.
    """
    champion = desk.ledger.champion(model)
    card = desk.specs[model].card
    datasets = (dataset for dataset in desk.ledger.datasets(model) if dataset.accepted)
    accepted = [dataset for dataset in datasets if not card_ended(dataset, card, desk.now)]
    if champion is None or not accepted:
        return
    trained = desk.ledger.version(champion.version)
    if accepted[-1].id in trained.datasets and desk.specs[model].digest() == trained.spec_digest:
        logger.warning("stale, but there is nothing newer to train on", model=model, version=champion.version)
        return
    start(desk, retrain_run_id(model, champion.version, occasion), accepted[-1], "retrain")


def start(desk: Desk, run_id: str, dataset: DatasetVersion, trigger: Trigger) -> bool:
    """Take the model's lease and start the execution. False while another run has the lease.

    Each step may be repeated after a crash: the lease knows its holder, the run is entered once,
    and the execution's name is the run's id.
    """
    token = lease.acquire(desk.ledger, dataset.model, run_id, desk.now, HOLD)
    if token is None:
        return False
    run = Run(
        id=run_id,
        model=dataset.model,
        dataset=dataset.id,
        trigger=trigger,
        spec_digest=executions.keep_spec(desk.platform, desk.specs[dataset.model]),
        token=token,
        state="running",
        started_at=desk.now,
    )
    if not desk.ledger.open_run(run):
        run = desk.ledger.run(run_id).model_copy(update={"token": token})
    if run.state != "running":
        lease.release(desk.ledger, run)
        return True
    desk.ledger.link(edges_of_run(run))
    executions.start(desk.platform, run)
    if trigger == "upload":
        desk.ledger.change_dataset(dataset.id, only_if="pending", state="running")
    logger.info("run started", run=run.id, dataset=dataset.id, trigger=trigger)
    return True


def _is_outdated(desk: Desk, dataset: DatasetVersion) -> bool:
    """Did a newer version of the same key come first? Events come out of order."""
    return any(
        other.key == dataset.key and lease.order(other) > lease.order(dataset)
        for other in desk.ledger.datasets(dataset.model)
    )


def _supersede(desk: Desk, identity: str) -> None:
    dataset = desk.ledger.dataset(identity)
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
        started_at=desk.now,
        ended_at=desk.now,
    )
    ended = run.model_copy(
        update={
            "reasons": conclusion.reasons(run, "superseded"),
            "next_command": conclusion.next_command(run, "superseded"),
        }
    )
    if desk.ledger.open_run(ended):
        desk.ledger.change_dataset(identity, only_if="pending", state="superseded")
        executions.tell_dispatch(desk.platform, {"notify": ended.id})


def _refuse_unknown(desk: Desk, created: dict[str, Any], model: str) -> None:
    item, bucket = created["object"], created["bucket"]["name"]
    version = item.get("version-id", "")
    dataset = DatasetVersion(
        id=dataset_id("unknown", bucket, item["key"], version),
        model=model,
        name=item["key"].rsplit("/", 1)[-1],
        bucket=bucket,
        key=item["key"],
        version_id=version,
        size=int(item.get("size", 0)),
        uploaded_at=created["time"],
        sequencer=item.get("sequencer", ""),
        spec_digest="",
        card_digest="",
        state="quarantined",
        accepted=False,
    )
    if desk.ledger.refuse_unknown(dataset):
        notices.send(desk.platform, conclusion.unknown_upload(item["key"], sorted(desk.specs)))
