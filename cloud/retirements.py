"""Retirements: a person starts a run of the workflow that takes a model out of service, or lets it begin again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cloud import CloudError, alarms, endpoints, executions, hosting, lease, registry
from cloud.handovers import HOLD
from cloud.ledger import Ledger
from cloud.platform import Platform
from perennial.identity import retire_run_id
from perennial.records import Retirement, Run, Step


class RetirementError(CloudError):
    """The model cannot be retired, or cannot begin again, for the reason given."""


@dataclass(frozen=True)
class Remains:
    """The existing resources of a model, and the run that has its lease now.

    `configs` are the names of endpoint configurations and SageMaker models, `ever_ran` says whether it ever had a run.
    """

    model: str
    endpoint: str
    configs: tuple[str, ...]
    alarms: tuple[str, ...]
    champion: str | None
    retirement: Retirement | None
    holder: str | None
    ever_ran: bool

    @property
    def is_over(self) -> bool:
        """True if the model is retired and nothing of it is left."""
        return self.retirement is not None and not (self.endpoint or self.configs or self.alarms)


def remains(platform: Platform, ledger: Ledger, model: str, now: datetime) -> Remains:
    """The remains of a model in SageMaker, CloudWatch and the ledger."""
    environment = platform.environment
    state, champion = endpoints.describe(environment.endpoint(model)), ledger.champion(model)
    return Remains(
        model=model,
        endpoint=state.status if state else "",
        configs=tuple(hosting.names(environment, model)),
        alarms=tuple(alarms.existing(platform, model)),
        champion=champion.version if champion else None,
        retirement=ledger.is_retired(model),
        holder=lease.holder(ledger, model, now),
        ever_ran=bool(ledger.runs(model)),
    )


def start(platform: Platform, ledger: Ledger, model: str, request: tuple[str, str], now: datetime) -> Run:
    """Takes the lease and starts the run. `request`: who asks, and why. Raises RetirementError during another run."""
    run_id = retire_run_id(model, now.isoformat())
    latest = ledger.runs(model)
    token = lease.acquire(ledger, model, run_id, now, HOLD)
    if token is None:
        holder = lease.holder(ledger, model, now)
        raise RetirementError(
            f"{holder or 'a run'} of '{model}' is under way", f"perennial retire {model} --stop, or wait for its end"
        )
    who, why = request
    asked = Step(
        name="request",
        at=now,
        sentences=(f"{who} asked to retire {model}: {why.rstrip('.')}.",),
        details={"who": who, "why": why},
    )
    run = Run(
        id=run_id,
        model=model,
        dataset="",
        trigger="retire",
        spec_digest=latest[0].spec_digest if latest else "",
        token=token,
        state="running",
        started_at=now,
        steps=(asked,),
    )
    ledger.open_run(run)
    executions.start(platform, run)
    return run


def undo(platform: Platform, ledger: Ledger, model: str, now: datetime) -> Retirement:
    """Ends a retirement: the model takes uploads again. Raises RetirementError where it is not retired, or not yet."""
    found = ledger.is_retired(model)
    if found is None:
        raise RetirementError(f"'{model}' is not retired")
    holder = lease.holder(ledger, model, now)
    if holder is not None:
        raise RetirementError(f"{holder} is retiring '{model}' now", f"perennial explain {holder}, wait for its end")
    registry.unmark_retired(platform, model)
    ended = found.model_copy(update={"ended_at": now})
    ledger.put_retirement(ended)
    return ended
