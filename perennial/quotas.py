"""The quotas of an AWS account that the specs need, before anything is deployed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from awsrules.quotas import (
    CONCURRENCY,
    MEMORY,
    SERVERLESS_CONCURRENCY,
    SERVERLESS_MEMORY,
    Quota,
    Usage,
    instances,
)
from perennial.contract.model import ModelSpec

OTHER_FUNCTIONS = 2  # that run beside the workers of an inspection


@dataclass(frozen=True)
class Need:
    """The least value of a quota, and what it is for, in words."""

    quota: Quota
    value: int
    reason: str


def needs(specs: Iterable[ModelSpec], workers: int, memory_mb: int) -> tuple[Need, ...]:
    """The quotas that the specs need.

    Trainings of several models wait for each other, so one instance of each type is enough; so do releases: while one
    endpoint is updated, its old fleet and its new one stand, beside the fleets of all others.

    Args:
        specs: of all models.
        workers: files of one dataset inspected at a time.
        memory_mb: of the largest function.
    """
    known = tuple(specs)
    found = [
        Need(CONCURRENCY, workers + OTHER_FUNCTIONS, f"{workers} inspections at a time, and other functions"),
        Need(MEMORY, memory_mb, "the largest function"),
        *_jobs(known),
        *_fleets(known),
        *_serverless(known),
    ]
    return tuple(found)


def _jobs(specs: tuple[ModelSpec, ...]) -> Iterator[Need]:
    models: dict[tuple[str, Usage], list[str]] = defaultdict(list)
    for spec in specs:
        training = spec.training
        models[training.instance, "spot training job" if training.spot else "training job"].append(spec.name)
        if training.keep_alive_minutes:
            models[training.instance, "training warm pool"].append(spec.name)
        models[spec.release.instance, "transform job"].append(spec.name)
    words = {"transform job": "perennial batch of {}", "training warm pool": "keep_alive_minutes of {}"}
    for (instance, usage), names in models.items():
        yield Need(instances(instance, usage), 1, words.get(usage, "trainings of {}").format(", ".join(names)))


def _fleets(specs: tuple[ModelSpec, ...]) -> Iterator[Need]:
    fleets: dict[str, list[ModelSpec]] = defaultdict(list)
    for spec in specs:
        if spec.release.serverless is None:
            fleets[spec.release.instance].append(spec)
    for instance, models in fleets.items():
        standing = sum(spec.release.instances for spec in models)
        largest = max(spec.release.instances + (spec.release.shadow is not None) for spec in models)
        names = ", ".join(spec.name for spec in models)
        reason = f"{standing} for {names}, and {largest} for the new fleet while one is updated"
        yield Need(instances(instance, "endpoint"), standing + largest, reason)


def _serverless(specs: tuple[ModelSpec, ...]) -> Iterator[Need]:
    chosen = {spec.name: spec.release.serverless for spec in specs if spec.release.serverless is not None}
    if chosen:
        each = [serverless.max_concurrency for serverless in chosen.values()]
        names = ", ".join(chosen)
        yield Need(SERVERLESS_CONCURRENCY, sum(each) + max(each), f"max_concurrency of {names}, and of an update")
        memory = max(serverless.memory_mb for serverless in chosen.values())
        yield Need(SERVERLESS_MEMORY, memory, f"memory_mb of {names}")
