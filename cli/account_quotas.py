"""The quotas that the specs need beside those that AWS has granted, by Service Quotas."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from awsrules.quotas import plain, request
from perennial.contract.model import ModelSpec
from perennial.quotas import Need, needs

if TYPE_CHECKING:
    from cloud.platform import Platform

WORKERS, MEMORY_MB = 8, 3008  # the defaults of stacks/settings.py, for an account without Perennial


@dataclass(frozen=True)
class Granted:
    """A quota as Service Quotas has it."""

    value: float
    code: str


@dataclass(frozen=True)
class Comparison:
    """The needs that are met, those that are not with their requests, and those that Service Quotas does not know."""

    met: tuple[str, ...]
    short: tuple[str, ...]
    requests: tuple[str, ...]
    unknown: tuple[str, ...]


def of_account(platform: Platform, specs: Iterable[ModelSpec]) -> Comparison:
    """The quotas that the specs and the platform's functions need, compared with the account's. Raises ClientError."""
    workers, memory = int(platform.inspection_workers or WORKERS), int(platform.largest_memory_mb or MEMORY_MB)
    return compare(needs(specs, workers, memory), granted(("lambda", "sagemaker")))


def make(command: str, client: Any) -> None:
    """Makes the request of a command of `Comparison.requests` with a client of Service Quotas."""
    words = shlex.split(command)[3:]  # aws service-quotas request-service-quota-increase
    options = dict(zip(words[::2], words[1::2], strict=True))
    client.request_service_quota_increase(
        ServiceCode=options["--service-code"],
        QuotaCode=options["--quota-code"],
        DesiredValue=float(options["--desired-value"]),
    )


def granted(services: Iterable[str]) -> dict[str, Granted]:
    """The quotas of the account and region by name. One that was never changed has AWS's default."""
    from cloud.platform import client

    found: dict[str, Granted] = {}
    for service in services:
        for operation in ("list_aws_default_service_quotas", "list_service_quotas"):  # the second one is what holds
            pages = client("service-quotas").get_paginator(operation).paginate(ServiceCode=service)
            listed: list[dict[str, Any]] = [quota for page in pages for quota in page["Quotas"]]
            found |= {quota["QuotaName"]: Granted(quota["Value"], quota["QuotaCode"]) for quota in listed}
    return found


def compare(wanted: Iterable[Need], found: Mapping[str, Granted]) -> Comparison:
    """Compares needs with what is granted.

    A quota that Service Quotas does not have is taken as a new account has it, which is the least that AWS gives.
    """
    met, short, requests, unknown = [], [], [], []
    for need in wanted:
        name, known = need.quota.name, found.get(need.quota.name)
        if known is None and need.value > need.quota.new:
            unknown.append(f"'{name}' {need.value} ({need.reason})")
            requests.append(request(need.quota, need.value))
        elif known is not None and need.value > known.value:
            short.append(f"'{name}' is {plain(known.value)}, and {need.value} are needed ({need.reason})")
            requests.append(request(need.quota, need.value, known.code))
        else:
            met.append(name)
    return Comparison(tuple(met), tuple(short), tuple(requests), tuple(unknown))
