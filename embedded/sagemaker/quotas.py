"""SageMaker's quotas: what is in use, what a request adds, and the refusal of what would be too much."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from awsrules.quotas import (
    SERVERLESS_CONCURRENCY,
    SERVERLESS_MEMORY,
    TRAINING_INSTANCES,
    Quota,
    Usage,
    instances,
    plain,
)
from embedded.account import Account
from embedded.sagemaker.errors import RefusedError
from embedded.sagemaker.fleets import Fleet

Amounts = Mapping[Quota, float]


class ResourceLimitError(RefusedError):
    """A request that exceeds a quota: ResourceLimitExceeded."""

    def __init__(self, quota: Quota, limit: float, used: float, delta: float) -> None:
        now, more, unit = plain(used), plain(delta), quota.unit
        super().__init__(
            "ResourceLimitExceeded",
            f"The account-level service limit '{quota.name}' is {plain(limit)} {unit}, with current utilization of "
            f"{now} {unit} and a request delta of {more} {unit}. Please use AWS Service Quotas to request an increase "
            "for this quota. If AWS Service Quotas is not available, contact AWS support to request an increase for "
            "this quota.",
        )


def check(account: Account, used: Amounts, added: Amounts) -> None:
    """Raises ResourceLimitError for the first quota that a request exceeds."""
    for quota, delta in added.items():
        limit, current = account.granted(quota), used.get(quota, 0)
        if current + delta > limit:
            raise ResourceLimitError(quota, limit, current, delta)


def training(requests: Iterable[Mapping[str, Any]]) -> Counter[Quota]:
    """What training jobs use of each quota. A job of a warm pool counts for the pool as well."""
    counted: Counter[Quota] = Counter()
    for request in requests:
        resources = request["ResourceConfig"]
        instance, count = resources["InstanceType"], int(resources.get("InstanceCount") or 1)
        usage: Usage = "spot training job" if request.get("EnableManagedSpotTraining") else "training job"
        counted[instances(instance, usage)] += count
        if resources.get("KeepAlivePeriodInSeconds"):
            counted[instances(instance, "training warm pool")] += count
        counted[TRAINING_INSTANCES] += count
    return counted


def transform(requests: Iterable[Mapping[str, Any]]) -> Counter[Quota]:
    """What transform jobs use of each quota."""
    counted: Counter[Quota] = Counter()
    for request in requests:
        resources = request["TransformResources"]
        counted[instances(resources["InstanceType"], "transform job")] += int(resources.get("InstanceCount") or 1)
    return counted


def endpoints(fleets: Iterable[Fleet]) -> Counter[Quota]:
    """What fleets use of each quota. During an update the old fleet and the new one count."""
    counted: Counter[Quota] = Counter()
    for variant in (variant for fleet in fleets for variant in fleet.all_variants):
        serverless = variant.request.get("ServerlessConfig")
        if serverless:
            counted[SERVERLESS_CONCURRENCY] += int(serverless["MaxConcurrency"])
        else:
            counted[instances(variant.request["InstanceType"], "endpoint")] += variant.count
    return counted


def check_memory(account: Account, fleet: Fleet) -> None:
    """Raises ResourceLimitError for a serverless variant with more memory than the account may have."""
    for variant in fleet.all_variants:
        serverless = variant.request.get("ServerlessConfig")
        if serverless:
            check(account, {}, {SERVERLESS_MEMORY: int(serverless["MemorySizeInMB"])})
