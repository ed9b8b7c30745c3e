"""Remnants of a model in SageMaker and CloudWatch that nobody owns: deleted where that is safe, else told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Ownership = Literal["deployed", "retired", "nobody"]


@dataclass(frozen=True)
class Resources:
    """The existing resources of one model, and what the ledger knows of it.

    `endpoint` is the name of the configuration that serves, or is being deployed; None where there is no endpoint.
    `wanted` are the configurations that may be served again: of champion, predecessor and newest versions.
    """

    model: str
    ownership: Ownership
    endpoint: str | None
    pending: str
    champion: str | None
    configs: tuple[str, ...]
    alarms: tuple[str, ...]
    wanted: Collection[str]


@dataclass(frozen=True)
class Findings:
    """The resources to delete (`unscale`: a scalable target, too), and sentences for a person with the next command."""

    configs: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    unscale: bool = False
    told: tuple[str, ...] = ()
    next_command: str = ""


def judge(found: Resources) -> Findings:
    """Decides about the resources of a model of which no run is under way.

    An endpoint is never deleted: it may answer to somebody. What belongs to an endpoint that is not there is deleted.
    """
    if found.ownership == "nobody":
        return _unowned(found)
    if found.endpoint is None:
        kept = () if found.ownership == "retired" else found.wanted
        extra = tuple(name for name in found.configs if name not in kept)
        return Findings(extra, found.alarms, unscale=True)
    if found.ownership == "retired":
        told = f"{found.model} is retired, and its endpoint is there"
        return Findings(told=(told,), next_command=f"perennial retire {found.model}")
    serving = {found.endpoint, found.pending}
    extra = tuple(name for name in found.configs if name not in serving and name not in found.wanted)
    if found.champion is not None and found.champion not in serving:
        told = f"the endpoint of {found.model} serves the configuration {found.endpoint}, and the champion's is "
        return Findings(extra, told=(f"{told}{found.champion}",), next_command=f"perennial retrain {found.model}")
    return Findings(extra)


def _unowned(found: Resources) -> Findings:
    kinds = {
        "an endpoint": found.endpoint is not None,
        f"{len(found.configs)} configuration(s) and SageMaker models": bool(found.configs),
        f"{len(found.alarms)} alarm(s)": bool(found.alarms),
    }
    left = [kind for kind, there in kinds.items() if there]
    if not left:
        return Findings()
    told = f"no spec of this deployment is of '{found.model}', and there is left: {', '.join(left)}"
    return Findings(told=(told,), next_command=f"perennial retire {found.model}")
