"""Rollbacks by hand: a person starts a run of the workflow that releases an older version again."""

from __future__ import annotations

from datetime import datetime

from cloud import CloudError, executions, lease, s3
from cloud.handovers import HOLD
from cloud.ledger import Ledger
from cloud.platform import Platform
from perennial.identity import model_of, rollback_run_id
from perennial.records import Champion, ModelVersion, Retirement, Run, Step


class RollbackError(CloudError):
    """The model cannot be rolled back, for the reason given."""


def target(platform: Platform, ledger: Ledger, model: str, to: str | None) -> tuple[Champion | None, ModelVersion]:
    """The champion, and the version to roll back to: its predecessor, unless `to` names another.

    Where none serves since a retirement that has ended, it is the version that served before that one. Raises
    RollbackError where there is none, it serves already, or its archive is missing.
    """
    champion, retirement = ledger.champion(model), ledger.retirement(model)
    if retirement is not None and retirement.ended_at is None:
        raise RollbackError(retirement.sentence.rstrip("."), f"perennial retire {model} --undo")
    wanted = to or _before(champion, retirement)
    if champion is None and wanted is None:
        raise RollbackError(f"no version of '{model}' serves yet, so there is nothing to go back from")
    if champion is not None and wanted is None:
        raise RollbackError(
            f"{champion.version} is the first champion of '{model}', so there is none before it",
            _alternative(ledger, champion),
        )
    assert wanted is not None, "there is a version to go back to"
    if model_of(wanted) != model:
        raise RollbackError(f"{wanted} is no version of '{model}'")
    if champion is not None and wanted == champion.version:
        raise RollbackError(f"{wanted} is the version that serves")
    version = ledger.version(wanted)
    try:
        s3.head(platform.models_bucket, version.archive_key)
    except s3.MissingObjectError as error:
        raise RollbackError(f"the archive of {wanted} is gone, so it cannot serve again: {error}") from None
    return champion, version


def _before(champion: Champion | None, retirement: Retirement | None) -> str | None:
    if champion is not None:
        return champion.previous
    return retirement.version if retirement is not None else None


def _alternative(ledger: Ledger, champion: Champion) -> str:
    """The next command where the champion has no predecessor: other versions may be registered."""
    others = [version.id for version in ledger.versions(champion.model) if version.id != champion.version]
    if others:
        return f"perennial rollback {champion.model} --to {others[0]}, if that is wanted: it was never champion"
    return f"perennial upload FILE --model {champion.model}, with data that makes a better one"


def start(
    platform: Platform,
    ledger: Ledger,
    ends: tuple[Champion | None, ModelVersion],
    request: tuple[str, str],
    now: datetime,
) -> Run:
    """Takes the lease and starts the run. `request`: who asks, and why. Raises RollbackError during another run."""
    champion, version = ends
    model, serving = version.model, champion.version if champion else "no version"
    run_id = rollback_run_id(model, serving, version.id, now.isoformat())
    token = lease.acquire(ledger, model, run_id, now, HOLD)
    if token is None:
        holder = lease.holder(ledger, model, now)
        raise RollbackError(
            f"{holder or 'a run'} of '{model}' is under way, and a model is released by one run at a time",
            f"perennial explain {holder or 'RUN'}, wait for its end, then try again",
        )
    who, why = request
    asked = Step(
        name="rollback",
        at=now,
        sentences=(f"{who} asked to go back from {serving} to {version.id}: {why}.",),
        details={"from": champion.version if champion else None, "to": version.id, "who": who, "why": why},
    )
    run = Run(
        id=run_id,
        model=model,
        dataset=version.datasets[-1] if version.datasets else "",
        trigger="rollback",
        spec_digest=version.spec_digest,
        token=token,
        state="running",
        started_at=now,
        steps=(asked,),
        version=version.id,
    )
    retired = ledger.is_retired(model)
    if retired is not None:  # since `target` looked: it is written under the lease, which is ours now
        lease.release(ledger, run)
        raise RollbackError(retired.sentence.rstrip("."), f"perennial retire {model} --undo")
    ledger.open_run(run)
    executions.start(platform, run)
    return run
