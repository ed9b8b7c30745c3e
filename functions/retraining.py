"""Decides on the automatic retraining of a monitored model, records the decision, and carries it out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from cloud import messaging, retrainings, served
from cloud.ledger import Ledger
from cloud.platform import Platform
from functions.task import logger, metrics
from perennial.contract.model import ModelSpec
from perennial.identity import retrain_run_id, upload_run_id
from perennial.records import Champion
from perennial.retraining_policy import Facts, Ruling, decide
from perennial.retraining_records import RetrainingDecision
from perennial.served import Served


@dataclass(frozen=True)
class Model:
    """A model in service, and the labelled rows of its traffic that are in no dataset yet; None for none."""

    spec: ModelSpec
    champion: Champion
    served: Served | None = None

    @property
    def is_labelled(self) -> bool:
        """True if the labelled rows are enough for a dataset of their own."""
        return self.served is not None and self.served.rows.height >= max(1, self.spec.validation.min_rows)


def look(platform: Platform, ledger: Ledger, model: Model, facts: Facts) -> Ruling:
    """Decides on a model that was monitored. `facts`: by the ledger, and the loss."""
    if model.is_labelled and model.served is not None:
        facts = replace(facts, labelled=facts.labelled + model.served.rows.height)
    return consider(platform, ledger, model, facts)


def consider(platform: Platform, ledger: Ledger, model: Model, facts: Facts) -> Ruling:
    """Decides and records; then starts a run, asks a person once, or does nothing."""
    spec = model.spec
    ruling = decide(spec.monitoring.retraining, facts, on=spec.monitoring.retrain)
    latest = next(iter(retrainings.decisions(ledger, spec.name, most=1)), None)
    if latest is not None and latest.continues(ruling):
        retrainings.put_decision(ledger, latest.once_more(ruling, facts.now))
        return ruling
    decision = _record(spec.name, ruling, facts.now)
    retrainings.put_decision(ledger, decision)
    logger.info("retraining decided", model=spec.name, action=ruling.action, rule=ruling.rule)
    metrics.add_metric(f"Retraining{ruling.action.capitalize()}", unit="Count", value=1)
    if ruling.action == "train":
        _train(platform, ledger, model, decision)
    elif ruling.action == "ask" and facts.attempts:
        messaging.ask_about_retraining(platform, facts.attempts[-1].run)
    return ruling


def _train(platform: Platform, ledger: Ledger, model: Model, decision: RetrainingDecision) -> None:
    """Begins a run: with the labelled rows as a dataset of their own, or on the accepted datasets without them."""
    name, now = model.spec.name, decision.at
    if model.is_labelled and model.served is not None:
        dataset = served.put(platform, ledger, model.spec, model.served, now)
        retrainings.put_decision(ledger, decision.model_copy(update={"run": upload_run_id(dataset)}))
        return
    occasion = f"{now:%Y-%m-%dT%H:%M}"
    run = retrain_run_id(name, model.champion.version, occasion)
    retrainings.put_decision(ledger, decision.model_copy(update={"run": run}))
    messaging.retrain(platform, name, occasion)


def _record(model: str, ruling: Ruling, now: datetime) -> RetrainingDecision:
    return RetrainingDecision(
        model=model,
        action=ruling.action,
        rule=ruling.rule,
        sentences=ruling.sentences,
        until=ruling.until,
        at=now,
        last_at=now,
    )
