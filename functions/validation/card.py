"""Checks the dataset's card, merged of the spec's and the uploaded one, and stores it with the data."""

from __future__ import annotations

from cloud import s3
from functions.task import Task
from perennial import card as cards
from perennial import layout
from perennial.card import CardError
from perennial.contract.dataset import Card
from perennial.lineage import edges_of_card
from perennial.records import DatasetVersion
from perennial.validation import Problem


def check(task: Task, dataset: DatasetVersion, files: set[str]) -> list[Problem]:
    """Returns the problems of the card. `files`: the keys of the data, which are never cards."""
    try:
        card = _find(task, dataset, files)
    except CardError as error:
        return [Problem("card-unreadable", str(error))]
    _keep(task, dataset, card)
    return [Problem(fault.code, fault.message) for fault in cards.faults(card, dataset.uploaded_at, task.now)]


def _find(task: Task, dataset: DatasetVersion, files: set[str]) -> Card:
    """The card as it is when the plan is made. S3's events have no order, so a card must be uploaded first."""
    keys = [key for key in layout.cards(dataset.key) if key not in files]
    heads = zip(keys, s3.heads(dataset.bucket, keys), strict=True)
    found = [(key, head) for key, head in heads if head is not None]
    if not found:
        return task.spec.card
    names = [key.rsplit("/", 1)[-1] for key, _ in found]
    if len(found) > 1:
        raise CardError(f"there are two cards, {' and '.join(names)}; one must go")
    ((key, head),) = found
    if head["ContentLength"] > cards.LARGEST:
        raise CardError(f"{names[0]} has {head['ContentLength']:,} bytes; at most {cards.LARGEST:,} are read")
    text = s3.read(dataset.bucket, key, head["VersionId"])
    return cards.merge(task.spec.card, cards.read(text, names[0]))


def _keep(task: Task, dataset: DatasetVersion, card: Card) -> None:
    key = layout.dataset(dataset.model, dataset.id, layout.CARD)
    s3.write_json(task.platform.data_bucket, key, card.to_json())
    until = cards.kept_until(card, dataset.uploaded_at)
    task.ledger.change_dataset(dataset.id, card_digest=card.digest(), kept_until=until)
    task.ledger.link(edges_of_card(dataset.id, card.digest()))
