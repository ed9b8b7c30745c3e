"""A model's week by the ledger, and the record that the notice of a week was sent.

pk weekly   sk 2026-W48   the notice of the week was sent
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from cloud import retrainings, s3
from cloud.ledger import Ledger
from cloud.platform import Platform
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.weekly import ModelWeek


def of_model(platform: Platform, ledger: Ledger, spec: ModelSpec, now: datetime) -> ModelWeek:
    """The week of a model that ends now."""
    hour_price = spec.monitoring.retraining.hour_price
    week = ModelWeek(
        model=spec.name,
        currency=spec.gate.value.currency if spec.gate.value else "USD",
        champion=ledger.champion(spec.name),
        look=ledger.monitoring(spec.name),
        runs=ledger.runs(spec.name),
        prices=(),
        decision=next(iter(retrainings.decisions(ledger, spec.name, most=1)), None),
        link=s3.console_link(platform.models_bucket, layout.index(spec.name)),
        retired=ledger.is_retired(spec.name) is not None,
    )
    trained = [run for run in week.of_week(now) if run.training_job]
    return replace(week, prices=tuple(retrainings.price(run, hour_price, now) for run in trained))


def was_sent(ledger: Ledger, week: str) -> bool:
    """True if the notice of a week, such as 2026-W48, was sent."""
    return "Item" in ledger.table.get_item(Key={"pk": "weekly", "sk": week}, ConsistentRead=True)


def mark_sent(ledger: Ledger, week: str) -> None:
    """Records that the notice of a week was sent."""
    ledger.table.put_item(Item={"pk": "weekly", "sk": week})
