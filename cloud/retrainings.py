"""Automatic retraining in the ledger: the decisions, a person's word, and the facts that decisions are made from.

pk model#flights   sk retraining#TIME   a decision, by the time of its first look
                   sk resumed           a person's word to go on
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from cloud import lease
from cloud.ledger import Ledger
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.records import Champion, DatasetVersion, ModelVersion, Run
from perennial.retraining_policy import Attempt, Facts
from perennial.retraining_records import Resumption, RetrainingDecision

SHOWN = 10


def decisions(ledger: Ledger, model: str, most: int = SHOWN) -> list[RetrainingDecision]:
    """The newest decisions about a model, newest first."""
    found = ledger.table.query(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": f"model#{model}", ":sk": "retraining#"},
        ConsistentRead=True,
        ScanIndexForward=False,
        Limit=most,
    )
    return [RetrainingDecision.model_validate_json(item["record"]) for item in found["Items"]]


def put_decision(ledger: Ledger, decision: RetrainingDecision) -> None:
    """Writes a decision, or over its record of earlier looks."""
    key = {"pk": f"model#{decision.model}", "sk": f"retraining#{decision.at.isoformat(timespec='seconds')}"}
    ledger.table.put_item(Item=key | {"record": decision.model_dump_json()})


def resume(ledger: Ledger, resumption: Resumption) -> None:
    """Records that a person lets trainings go on."""
    key = {"pk": f"model#{resumption.model}", "sk": "resumed"}
    ledger.table.put_item(Item=key | {"record": resumption.model_dump_json()})


def resumption(ledger: Ledger, model: str) -> Resumption | None:
    """The last word of a person, or None."""
    item = ledger.table.get_item(Key={"pk": f"model#{model}", "sk": "resumed"}, ConsistentRead=True).get("Item")
    return Resumption.model_validate_json(item["record"]) if item else None


def facts(ledger: Ledger, spec: ModelSpec, champion: Champion, verdict: str, now: datetime) -> Facts:
    """The facts of a model by the ledger, for the policy. Labelled rows are those of accepted datasets here."""
    runs = ledger.runs(spec.name)
    version = ledger.version(champion.version)
    resumed = resumption(ledger, spec.name)
    hour_price = spec.monitoring.retraining.hour_price
    datasets = ledger.datasets(spec.name)
    served = {each.id for each in datasets if layout.served_at(each.key) is not None}
    own = [run for run in reversed(runs) if run.trigger == "retrain" or run.dataset in served]
    others = [run for run in runs if run.trigger == "upload" and run.dataset not in served]
    return Facts(
        now=now,
        verdict=verdict,
        since=champion.since,
        labelled=_unseen_rows(datasets, ledger.exclusions(spec.name), version, runs),
        attempts=tuple(_attempt(run, hour_price, now) for run in own),
        running=lease.holder(ledger, spec.name, now) or "",
        spec_changed=spec.digest() != version.spec_digest,
        price=hour_price * spec.training.max_minutes / 60,
        resumed_at=resumed.at if resumed else None,
        other_runs=tuple(run.ended_at for run in others if run.ended_at and run.trained_on),
        learned=sum(each.rows or 0 for each in datasets if each.id in version.datasets),
    )


def _unseen_rows(
    datasets: Sequence[DatasetVersion], excluded: Collection[str], version: ModelVersion, runs: Sequence[Run]
) -> int:
    """The rows of accepted datasets that no training has seen."""
    seen = {name for run in runs for name in run.trained_on} | set(version.datasets)
    fresh = (each for each in datasets if each.accepted and each.id not in seen)
    return sum(each.rows or 0 for each in fresh if each.id not in excluded)


def price(run: Run, hour_price: float, now: datetime) -> float:
    """The price of a run: that of the instance from its start to its end, at most that."""
    return hour_price * (((run.ended_at or now) - run.started_at) / timedelta(hours=1))


def _attempt(run: Run, hour_price: float, now: datetime) -> Attempt:
    """A run as the policy counts it."""
    return Attempt(run.id, run.started_at, run.ended_at, run.state, price(run, hour_price, now))
