"""`perennial withdraw`: excludes a dataset version from later trainings, or admits it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import connection
from cli.output import Json, emit, line, note, usage

if TYPE_CHECKING:
    from datetime import datetime

    from cloud.ledger import Ledger
    from perennial.records import DatasetVersion, Exclusion


def withdraw(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="The id of a dataset version: ds-MODEL-DIGITS.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the record.")] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Admit the dataset to trainings again.")] = False,
    json: Json = False,
) -> None:
    """Exclude a dataset from later trainings.

    Nothing is deleted: rows, lineage and the models that were trained on it stay. A dataset whose training job failed
    for its rows is excluded without this command. With --undo it is trained on again, whatever excluded it.
    """
    if not undo and not why.strip():
        raise usage("--why TEXT is required: the reason is shown wherever the dataset is left out")
    _, ledger = connection.connect()
    found = _dataset(ledger, dataset)

    from datetime import UTC, datetime

    now = datetime.now(UTC)
    exclusion = _undo(ledger, found, now) if undo else _exclude(ledger, found, why.strip(), now)
    champion = ledger.champion(found.model)
    serves = not undo and champion is not None and found.id in ledger.version(champion.version).datasets
    if serves and champion is not None:
        note(f"{champion.version}, which serves, was trained on it; next: perennial rollback {found.model}, or upload")
    excluded = exclusion is not None and exclusion.holds
    if json:
        record = exclusion.model_dump(mode="json") if exclusion else None
        emit({"dataset": found.id, "excluded": excluded, "exclusion": record})
    else:
        line(f"{found.id}: " + (f"excluded from training: {exclusion.why}" if excluded and exclusion else "trained on"))


def _dataset(ledger: Ledger, identity: str) -> DatasetVersion:
    from cloud.ledger import MissingRecordError
    from perennial.identity import UnknownIdError

    if not identity.startswith("ds-"):
        raise usage(f"'{identity}' is no id of a dataset; expected ds-MODEL-DIGITS; next: perennial runs")
    try:
        return ledger.dataset(identity)
    except (MissingRecordError, UnknownIdError):
        raise usage(
            f"the ledger knows no dataset '{identity}'; next: perennial runs, perennial lineage MODEL"
        ) from None


def _exclude(ledger: Ledger, dataset: DatasetVersion, why: str, now: datetime) -> Exclusion:
    """The exclusion; the same command again leaves the record of the first one."""
    from perennial.records import Exclusion

    known = ledger.exclusion(dataset.id)
    if known is not None and known.holds:
        note(f"{dataset.id} is excluded already, since {known.at:%Y-%m-%d} by {known.who}: {known.why}")
        return known
    who = connection.person()
    found = Exclusion(dataset=dataset.id, model=dataset.model, cause="person", why=why, who=who, at=now)
    ledger.exclude(found)
    return found


def _undo(ledger: Ledger, dataset: DatasetVersion, now: datetime) -> Exclusion | None:
    known = ledger.exclusion(dataset.id)
    if known is None or not known.holds:
        note(f"{dataset.id} is not excluded; nothing is to be undone")
        return known
    found = known.model_copy(update={"undone_by": connection.person(), "undone_at": now})
    ledger.exclude(found)
    return found
