"""Release and serving of a model: the fleet, traffic shifting, alarms, data capture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from perennial.contract.lifecycle import INSTANCE_TYPE
from perennial.contract.part import Part, setting
from perennial.contract.reveal import Reveal


@dataclass(frozen=True)
class Alarms(Part):
    """The alarms that roll a deployment back. Each is evaluated every minute."""

    errors: int = setting(1, "The number of responses with a 5xx status in a minute.", ge=1)
    latency_ms: int = setting(500, "The 99th percentile of the model's latency, in milliseconds.", ge=1)
    invalid_share: float = setting(
        0.5, "The share of the rows that are refused, or answered out of contract.", ge=0, le=1
    )
    score_shift: float = setting(
        0.5,
        "The accepted difference of the mean scores of candidate and champion on the same traffic, beyond chance, in "
        "standard deviations of the scores.",
        gt=0,
    )


@dataclass(frozen=True)
class Shadow(Part):
    """The candidate answers a copy of the traffic before its answers are returned to callers."""

    minutes: int = setting(30, "The duration of the shadow deployment.", ge=1, le=60 * 24)
    percent: int = setting(100, "The share of the requests that is copied.", ge=1, le=100)


@dataclass(frozen=True)
class Serverless(Part):
    """A serverless endpoint: billed per request; its first answer is slow."""

    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = setting(2048, "The memory of the endpoint.")
    max_concurrency: int = setting(5, "The number of concurrent requests.", ge=1, le=200)


@dataclass(frozen=True)
class Release(Part):
    """The endpoint's fleet, and how traffic shifts to a new model."""

    instance: str = setting("ml.m5.large", "SageMaker instance type.", pattern=INSTANCE_TYPE)
    instances: int = setting(1, "The number of instances at the start.", ge=1, le=100)
    max_instances: int = setting(2, "The maximum number of instances.", ge=1, le=100)
    traffic: Literal["all_at_once", "canary", "linear"] = setting(
        "all_at_once", "The traffic shifting: all at once, one share first, or in equal steps."
    )
    share: float = setting(
        0.1, "With 'canary': the share that shifts first. With 'linear': the share of each step.", gt=0, le=0.5
    )
    bake_minutes: int = setting(
        5,
        "The time in which alarms are evaluated before the old fleet is terminated; 'linear' divides it by steps.",
        ge=0,
        le=60,
    )
    alarms: Alarms = setting(Alarms(), "The alarms that roll a deployment back.")
    shadow: Shadow | None = setting(None, "A shadow variant before the traffic shifts.")
    serverless: Serverless | None = setting(None, "A serverless endpoint instead of a fleet.")

    def limitations(self) -> tuple[str, ...]:
        """Consequences of the settings that a reader may not expect, in sentences."""
        if self.serverless is None:
            if self.traffic == "all_at_once" or self.share * self.instances >= 1:
                return ()
            return (
                f"{self.traffic}: {self.share:g} of {self.instances} instances is less than one instance; the traffic "
                f"of 1 instance ({1 / self.instances:.0%}) shifts first.",
            )
        return (
            "serverless: SageMaker captures no requests; the server writes the captured share of rows to its log.",
            "serverless: a release shifts all traffic at once, without canary, shadow or alarms that roll it back; "
            "golden rows are checked afterwards.",
            "serverless: the first request after a pause waits until the model has been loaded.",
        )


@dataclass(frozen=True)
class Serving(Part):
    """Answers of the endpoint, and data capture."""

    capture_percent: int = setting(100, "The share of requests captured for monitoring.", ge=0, le=100)
    capture_kms_key: str | None = setting(
        None, "The KMS key that encrypts captured traffic.", min_length=1, max_length=2048
    )
    sensitive: Literal["keep", "hash", "drop"] | None = setting(
        None,
        "Sensitive columns in captured traffic. 'keep': requests are captured as they are. 'hash', 'drop': data "
        "capture stores no requests; the server logs their rows with these columns hashed under a key of the "
        "deployment, or left out. Default: drop where a column is sensitive.",
    )
    invocations_per_instance: int = setting(3000, "The target of scaling: invocations per instance and minute.", ge=1)
    out_of_contract: Literal["refuse", "answer"] = setting(
        "answer", "A row that breaks the columns' rules is refused with the reason, or answered and counted."
    )
    reveal: Reveal = setting(
        "all",
        "The numbers in answers. 'rounded': probabilities with two decimals, values with three digits, no explanations."
        " 'labels': the label alone; a regression answers as 'rounded'.",
    )
