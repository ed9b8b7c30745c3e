"""Scheduled: finds alarms, scalable targets, configurations and endpoints that nobody owns; deletes or tells them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cloud import alarms, endpoint_configs, endpoints, hosting, lease, messaging
from cloud.handovers import FoundRemnants
from functions.dispatch.handler import context
from functions.dispatch.uploads import Context
from functions.task import for_each_model, logger, metrics
from functions.withholding import withholding
from perennial.identity import tidy_id
from perennial.records import Notice
from perennial.remnants import Findings, Ownership, Resources, judge

HELD = timedelta(minutes=5)  # the lease, longer than the function may take


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@withholding
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Looks at every model that is deployed here, that was registered, or of which something exists."""
    here = context()
    models = {*here.specs, *here.broken, *hosting.models(here.platform.environment)}
    done = for_each_model(sorted(models), lambda model: _tidy(here, model)).values()
    return FoundRemnants(sum(deleted for deleted, _ in done), sum(told for _, told in done)).to_json()


def _tidy(context: Context, model: str) -> tuple[int, int]:
    """The numbers of resources that were deleted and of sentences told. Nothing during a run, whose lease is held.

    The lease is taken meanwhile, so that no release begins in between.
    """
    holder = Holder(tidy_id(model), model)
    token = lease.acquire(context.ledger, model, holder.id, context.now, HELD)
    if token is None:
        return 0, 0
    holder = Holder(holder.id, model, token)
    try:
        found = judge(_resources(context, model))
        deleted = _delete(context, model, found)
    finally:
        lease.release(context.ledger, holder)
    _tell(context, model, found)
    return deleted, len(found.told)


@dataclass(frozen=True)
class Holder:
    """The holder of the lease meanwhile."""

    id: str
    model: str
    token: int = 0


def _resources(context: Context, model: str) -> Resources:
    environment, ledger = context.platform.environment, context.ledger
    state, champion = endpoints.describe(environment.endpoint(model)), ledger.champion(model)
    versions = ledger.versions(model)
    serving = [champion.version, champion.previous] if champion else []
    kept = [each for each in versions if each.id in serving] + versions[: endpoint_configs.KEPT]
    names = {each.id: endpoint_configs.name_of(environment, each) for each in versions}
    return Resources(
        model=model,
        ownership=_ownership(context, model),
        endpoint=state.config if state else None,
        pending=state.pending if state else "",
        champion=names.get(champion.version) if champion else None,
        configs=tuple(hosting.names(environment, model)),
        alarms=tuple(alarms.existing(context.platform, model)),
        wanted={names[each.id] for each in kept},
    )


def _ownership(context: Context, model: str) -> Ownership:
    if context.ledger.is_retired(model) is not None:
        return "retired"
    return "deployed" if model in context.specs or model in context.broken else "nobody"


def _delete(context: Context, model: str, found: Findings) -> int:
    count = sum(endpoint_configs.delete(name) for name in found.configs)
    if found.alarms:
        alarms.delete(context.platform, model)
    if found.unscale and endpoints.unscale(context.platform.environment.endpoint(model)):
        count += 1
    if count or found.alarms:
        logger.warning("remnants deleted", model=model, configs=found.configs, alarms=found.alarms)
    return count + len(found.alarms)


def _tell(context: Context, model: str, found: Findings) -> None:
    """One notice a day for a model."""
    if not found.told or context.ledger.count_refused(f"remnants-{model}", f"{context.now:%Y-%m-%d}") > 1:
        return
    text = "\n".join([*found.told, f"Next: {found.next_command}"])
    messaging.notify_people(context.platform, Notice(subject=f"{model}: left behind", text=text, severity="warning"))
