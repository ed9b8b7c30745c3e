"""Quotas of an AWS account: of a new one, and of one that has been used for a while.

A quota's code is given where a public source shows code and name together; else there is only the name. AWS publishes
no table for used accounts: their values are those that users report, and the source says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from awsrules.instances import family

Kind = Literal["new", "grown"]
KINDS: tuple[Kind, ...] = ("new", "grown")

_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
_SAGEMAKER = "https://docs.aws.amazon.com/general/latest/gr/sagemaker.html"
_WARM_POOLS = "https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html (the default is 0)"
_SERVERLESS = "https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html"
_REPORTED = "; the used account as users of SageMaker report it in 2026"


@dataclass(frozen=True)
class Quota:
    """One quota of an account and region.

    Attributes:
        service: as Service Quotas names it.
        name: as Service Quotas, and the errors of the service, name it.
        new: its value in a new account.
        grown: its value in a used account.
        source: who says so.
        unit: as the errors name it.
        code: of Service Quotas; '' where it is not known, or where Service Quotas does not have the quota.
        adjustable_by: 'Service Quotas', or 'AWS Support' where Service Quotas does not have it.
    """

    service: str
    name: str
    new: float
    grown: float
    source: str
    unit: str = "Instances"
    code: str = ""
    adjustable_by: str = "Service Quotas"

    def value(self, kind: Kind) -> float:
        """Its value in an account of that kind."""
        return self.new if kind == "new" else self.grown


CONCURRENCY = Quota(
    "lambda",
    "Concurrent executions",
    10,
    1000,
    f"{_LAMBDA}; new: https://github.com/aws-samples/one-observability-demo/issues/278",
    "None",
    "L-B99A9384",
)
MEMORY = Quota(
    "lambda",
    "Function memory allocation",
    3008,
    10_240,
    f"{_LAMBDA}; new: https://github.com/supabase-community/supabase-on-aws/issues/83",
    "MB",
    adjustable_by="AWS Support",
)
UNRESERVED = 100  # of the concurrent executions must stay without reservation; all of them where there are fewer
TRAINING_INSTANCES = Quota(
    "sagemaker",
    "Number of instances across all training jobs",
    4,
    20,
    f"{_SAGEMAKER}; new: https://github.com/awsdocs/amazon-sagemaker-developer-guide/issues/70",
    code="L-00C91CB5",
)
SERVERLESS_CONCURRENCY = Quota(
    "sagemaker",
    "Maximum total concurrency that can be allocated across all serverless endpoints",
    10,
    1000,
    f"{_SERVERLESS}; new: 10, as users report in 2026",
    "Invocations",
    "L-96300102",
)
SERVERLESS_MEMORY = Quota(
    "sagemaker",
    "Memory size in MB per serverless endpoint",
    3072,
    6144,
    f"{_SERVERLESS}; new: 3072 and not in Service Quotas, as users report in 2026",
    "MBs",
    adjustable_by="AWS Support",
)

Usage = Literal["training job", "spot training job", "training warm pool", "transform job", "endpoint"]
# Of the instances of one type, by their use: new account, used account, source.
_USAGES: dict[str, tuple[int, int, str]] = {
    "training job": (0, 15, f"{_SAGEMAKER} (0 for every type){_REPORTED}"),
    "spot training job": (0, 10, f"{_SAGEMAKER} (0 for every type){_REPORTED}"),
    "training warm pool": (0, 0, _WARM_POOLS),
    "transform job": (0, 15, f"{_SAGEMAKER} (0 for every type); the used account assumed to be as for training"),
    "endpoint": (0, 8, f"{_SAGEMAKER} (0 but for three types){_REPORTED}"),
}
_NEW_ENDPOINTS = {"ml.t2.medium": 2, "ml.m6g.large": 2, "ml.m6g.xlarge": 1}
_ACCELERATED = re.compile(r"(p|g|trn|inf|dl)\d")  # families of which used accounts have none either
_CODES = {
    "ml.m5.large for training job usage": "L-611FA074",
    "ml.m5.large for spot training job usage": "L-29688C85",
    "ml.m5.large for training warm pool usage": "L-2DD73636",
    "ml.m5.xlarge for training warm pool usage": "L-0BEF44E8",
    "ml.m5.large for transform job usage": "L-236AE59F",
    "ml.m6i.large for transform job usage": "L-130E7B6B",
    "ml.c5.xlarge for transform job usage": "L-09C9B23C",
    "ml.m5.large for endpoint usage": "L-614B09FD",
    "ml.t2.medium for endpoint usage": "L-29C181D7",
    "ml.t2.large for endpoint usage": "L-1410387A",
}
_NAME = re.compile(rf"(?P<instance>ml\.\S+) for (?P<usage>{'|'.join(_USAGES)}) usage")


def instances(instance: str, usage: Usage) -> Quota:
    """The quota of the instances of one type for one use, e.g. 'ml.m5.large for endpoint usage'."""
    new, grown, source = _USAGES[usage]
    if usage == "endpoint":
        new = _NEW_ENDPOINTS.get(instance, new)
    if _ACCELERATED.match(family(instance)):
        grown = 0
    name = f"{instance} for {usage} usage"
    return Quota("sagemaker", name, new, max(new, grown), source, code=_CODES.get(name, ""))


def every() -> tuple[Quota, ...]:
    """The quotas that Service Quotas is known to have, by service and name."""
    typed = [_of_name(name) for name in _CODES]
    found = [CONCURRENCY, TRAINING_INSTANCES, SERVERLESS_CONCURRENCY, *(quota for quota in typed if quota)]
    return tuple(sorted(found, key=lambda quota: (quota.service, quota.name)))


def find(name: str) -> Quota | None:
    """The quota of that name; None for one that is not in the table."""
    single = (CONCURRENCY, MEMORY, TRAINING_INSTANCES, SERVERLESS_CONCURRENCY, SERVERLESS_MEMORY)
    return next((quota for quota in single if quota.name == name), None) or _of_name(name)


def request(quota: Quota, value: float, code: str = "") -> str:
    """The command by which an account asks AWS for a higher value."""
    known = code or quota.code
    if quota.adjustable_by != "Service Quotas":
        return f"ask AWS Support for '{quota.name}' of {plain(value)} (Service Quotas does not have it)"
    if not known:
        look = f"--query \"Quotas[?QuotaName=='{quota.name}'].QuotaCode\" --output text"
        known = f"$(aws service-quotas list-service-quotas --service-code {quota.service} {look})"
    return (
        f"aws service-quotas request-service-quota-increase --service-code {quota.service} --quota-code {known} "
        f"--desired-value {plain(value)}"
    )


def plain(value: float) -> str:
    """A number without exponent: 1000000, 0.5."""
    return f"{value:.15g}"


def _of_name(name: str) -> Quota | None:
    found = _NAME.fullmatch(name)
    return instances(found["instance"], found["usage"]) if found else None  # type: ignore[arg-type]
