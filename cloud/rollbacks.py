"""Rollbacks by hand: a person starts a run of the workflow that releases an older version again."""

from __future__ import annotations

from datetime import datetime

from cloud import CloudError, executions, lease, s3
from cloud.handovers import HOLD
from cloud.ledger import Ledger
from cloud.platform import Platform
from perennial.identity import model_of, rollback_run_id
from perennial.records import Champion, ModelVersion, Run, Step


class RollbackError(CloudError):
    """The model cannot be rolled back, for the reason given."""


def target(platform: Platform, ledger: Ledger, model: str, to: str | None) -> tuple[Champion, ModelVersion]:
    """The champion, and the version to roll back to: its predecessor, unless `to` names another.

    Raises RollbackError where there is none, it serves already, or its archive is missing.
    """
    champion = ledger.champion(model)
    if champion is None:
        raise RollbackError(f"no version of '{model}' serves yet, so there is nothing to go back from")
    wanted = to or champion.previous
    if wanted is None:
        raise RollbackError(
            f"{champion.version} is the first champion of '{model}', so there is none before it",
            _alternative(ledger, champion),
        )
    if model_of(wanted) != model:
        raise RollbackError(f"{wanted} is no version of '{model}'")
    if wanted == champion.version:
        raise RollbackError(f"{wanted} is the version that serves")
    version = ledger.version(wanted)
    try:
        s3.head(platform.models_bucket, version.archive_key)
    except s3.MissingObjectError as error:
        raise RollbackError(f"the archive of {wanted} is gone, so it cannot serve again: {error}") from None
    return champion, version


def _alternative(ledger: Ledger, champion: Champion) -> str:
    """The next command where the champion has no predecessor: other versions may be registered."""
    others = [version.id for version in ledger.versions(champion.model) if version.id != champion.version]
    if others:
        return f"perennial rollback {champion.model} --to {others[0]}, if that is wanted: it was never champion"
    return f"perennial upload FILE --model {champion.model}, with data that makes a better one"


def start(
    platform: Platform, ledger: Ledger, ends: tuple[Champion, ModelVersion], request: tuple[str, str], now: datetime
) -> Run:
    """Takes the lease and starts the run. `request`: who asks, and why. Raises RollbackError during another run."""
    champion, version = ends
    run_id = rollback_run_id(champion.model, champion.version, version.id, now.isoformat())
    token = lease.acquire(ledger, champion.model, run_id, now, HOLD)
    if token is None:
        holder = lease.holder(ledger, champion.model, now)
        raise RollbackError(
            f"{holder or 'a run'} of '{champion.model}' is under way, and a model is released by one run at a time",
            f"perennial explain {holder or 'RUN'}, wait for its end, then try again",
        )
    who, why = request
    asked = Step(
        name="rollback",
        at=now,
        sentences=(f"{who} asked to go back from {champion.version} to {version.id}: {why}.",),
        details={"from": champion.version, "to": version.id, "who": who, "why": why},
    )
    run = Run(
        id=run_id,
        model=champion.model,
        dataset=version.datasets[-1] if version.datasets else "",
        trigger="rollback",
        spec_digest=version.spec_digest,
        token=token,
        state="running",
        started_at=now,
        steps=(asked,),
        version=version.id,
    )
    ledger.open_run(run)
    executions.start(platform, run)
    return run
