"""Retrainings by hand: a person has the model trained again, or brings one that was trained elsewhere."""

from __future__ import annotations

from datetime import datetime

from cloud import CloudError, lease, messaging
from cloud.ledger import Ledger
from cloud.platform import Platform
from perennial.identity import retrain_run_id


class RetrainingError(CloudError):
    """The model cannot be trained again now, for the reason given."""


def request(
    platform: Platform, ledger: Ledger, model: str, asked: tuple[str, str], now: datetime, imported: str = ""
) -> str:
    """Asks dispatch to train on the model's newest accepted datasets; the id of the run. `asked`: who, and why.

    `imported`: the digest of a model that is judged instead of a fitted one.

    Raises RetrainingError for a retired model, one without accepted data, and during another run.
    """
    retired = ledger.is_retired(model)
    if retired is not None:
        raise RetrainingError(retired.sentence.rstrip("."), f"perennial retire {model} --undo")
    excluded = ledger.exclusions(model)
    if not any(dataset.accepted and dataset.id not in excluded for dataset in ledger.datasets(model)):
        raise RetrainingError(
            f"'{model}' has no accepted dataset to train on", f"perennial upload FILE --model {model} --wait"
        )
    holder = lease.holder(ledger, model, now)
    if holder is not None:
        raise RetrainingError(
            f"{holder} of '{model}' is under way", f"perennial explain {holder}, wait for its end, then try again"
        )
    champion, occasion = ledger.champion(model), now.isoformat()
    messaging.retrain(platform, model, occasion, asked, imported)
    return retrain_run_id(model, champion.version if champion else "", occasion)
