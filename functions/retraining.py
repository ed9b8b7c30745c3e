"""Decides on the automatic retraining of a monitored model, records the decision, and carries it out."""

from __future__ import annotations

from datetime import datetime

from cloud import messaging, retrainings
from cloud.ledger import Ledger
from cloud.platform import Platform
from functions.task import logger, metrics
from perennial.contract.model import ModelSpec
from perennial.identity import retrain_run_id
from perennial.records import Champion
from perennial.retraining_policy import Facts, Ruling, decide
from perennial.retraining_records import RetrainingDecision


def consider(platform: Platform, ledger: Ledger, spec: ModelSpec, champion: Champion, facts: Facts) -> Ruling:
    """Decides and records; then starts a run, asks a person once, or does nothing."""
    ruling = decide(spec.monitoring.retraining, facts, on=spec.monitoring.retrain)
    latest = next(iter(retrainings.decisions(ledger, spec.name, most=1)), None)
    if latest is not None and latest.continues(ruling):
        retrainings.put_decision(ledger, latest.once_more(ruling, facts.now))
        return ruling
    occasion = f"{facts.now:%Y-%m-%dT%H:%M}"
    run = retrain_run_id(spec.name, champion.version, occasion) if ruling.action == "train" else ""
    retrainings.put_decision(ledger, _record(spec.name, ruling, facts.now, run))
    logger.info("retraining decided", model=spec.name, action=ruling.action, rule=ruling.rule)
    metrics.add_metric(f"Retraining{ruling.action.capitalize()}", unit="Count", value=1)
    if ruling.action == "train":
        messaging.retrain(platform, spec.name, occasion)
    elif ruling.action == "ask" and facts.attempts:
        messaging.ask_about_retraining(platform, facts.attempts[-1].run)
    return ruling


def _record(model: str, ruling: Ruling, now: datetime, run: str) -> RetrainingDecision:
    return RetrainingDecision(
        model=model,
        action=ruling.action,
        rule=ruling.rule,
        sentences=ruling.sentences,
        until=ruling.until,
        at=now,
        last_at=now,
        run=run,
    )
