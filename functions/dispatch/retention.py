"""Begins to delete datasets whose retention has ended, and begins forgettings again whose execution has died."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from cloud import forgettings
from functions.dispatch.uploads import Context
from functions.task import logger
from perennial.card import has_ended
from perennial.records import DatasetVersion

GRACE = timedelta(days=7)  # after its upload: time to correct a card that is wrong
ATTEMPTS = 3  # executions of one forgetting that begin by themselves; after them a person resumes it


def delete_ended(context: Context, model: str, datasets: Sequence[DatasetVersion]) -> int:
    """Begins one forgetting for all datasets of a model whose retention has ended; returns their number.

    One that is under way, or has ended incomplete, goes first: a person decides about it.
    """
    card = context.specs[model].card
    ended = [
        each.id
        for each in datasets
        if each.state not in ("pending", "running")
        and has_ended(each, card, context.now)
        and context.now - each.uploaded_at > GRACE
    ]
    if not ended:
        return 0
    known = forgettings.of_model(context.ledger, model)
    done = {identity for record in known if record.kind == "retention" for identity in record.datasets}
    wanted = [identity for identity in ended if identity not in done]
    if not wanted or any(record.outcome == "running" for record in known):
        return 0
    record = forgettings.begin_retention(context.platform, context.ledger, model, wanted, context.now)
    logger.info("a retention has ended", model=model, datasets=len(wanted), forgetting=record.id)
    return len(wanted)


def revive(context: Context, model: str) -> int:
    """Begins forgettings again that are under way without an execution; returns their number."""
    dead = [
        record
        for record in forgettings.of_model(context.ledger, model)
        if record.outcome == "running" and not forgettings.is_running(context.platform, record)
    ]
    for record in dead:
        if record.attempt < ATTEMPTS:
            logger.warning("a forgetting had no execution", forgetting=record.id)
            forgettings.resume(context.platform, context.ledger, record.id)
    return len(dead)
