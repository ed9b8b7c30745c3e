"""What a spec says of releases and of serving: the fleet, how traffic goes over to a new model, and back."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from perennial.spec.part import Part, Share, part

LEAST_STEP = 0.1  # of linear traffic, as SageMaker takes it


class Alarms(Part):
    """What sends a release back while it is watched. Each is looked at minute by minute."""

    errors: int = Field(1, ge=1, description="So many answers with a 5xx status in a minute.")
    latency_ms: int = Field(500, ge=1, description="The model's 99th percentile, in milliseconds.")
    invalid_share: Share = Field(0.5, description="Such a share of the rows refused, or answered out of contract.")
    score_shift: float = Field(
        0.5,
        gt=0,
        description="How far the candidate's mean score may lie from the champion's on the same traffic, beyond "
        "chance, in standard deviations of the scores.",
    )


class Shadow(Part):
    """The candidate answers a copy of the traffic before it answers anybody."""

    minutes: int = Field(30, ge=1, le=60 * 24)
    percent: int = Field(100, ge=1, le=100, description="The share of the requests that is copied.")


class Serverless(Part):
    """No machine of its own: paid by the request, and slow to answer the first one."""

    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = 2048
    max_concurrency: int = Field(5, ge=1, le=200)


class Release(Part):
    """The endpoint's fleet, and how its traffic goes over to a new model."""

    instance: str = Field("ml.m5.large", pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")
    instances: int = Field(1, ge=1, le=100)
    max_instances: int = Field(2, ge=1, le=100, description="Scaling stops here.")
    traffic: Literal["all_at_once", "canary", "linear"] = Field(
        "all_at_once", description="To the candidate at once, a share first, or share by share."
    )
    share: float = Field(
        0.1, gt=0, le=0.5, description="With 'canary': the share that comes first. With 'linear': of each step."
    )
    bake_minutes: int = Field(
        5,
        ge=0,
        le=60,
        description="How long alarms are watched before the old fleet goes; 'linear' divides it by steps.",
    )
    alarms: Alarms = part()
    shadow: Shadow | None = None
    serverless: Serverless | None = None

    @model_validator(mode="after")
    def _max_is_not_below(self) -> Release:
        if self.max_instances < self.instances:
            raise ValueError(f"max_instances {self.max_instances} is below instances {self.instances}")
        return self

    @model_validator(mode="after")
    def _serverless_stands_alone(self) -> Release:
        if self.serverless is None:
            return self
        if self.traffic != "all_at_once":
            raise ValueError(
                f"traffic '{self.traffic}' needs a fleet to divide, and a serverless endpoint has none; "
                "leave out serverless, or use traffic: all_at_once"
            )
        if self.shadow is not None:
            raise ValueError("a serverless endpoint takes no shadow; leave out one of the two")
        return self

    @model_validator(mode="after")
    def _a_share_is_a_share_of_machines(self) -> Release:
        if self.serverless is None and self.traffic != "all_at_once" and self.instances < 2:
            raise ValueError(
                f"traffic '{self.traffic}' gives a part of the fleet to the candidate, which takes at least 2 "
                f"instances, not {self.instances}"
            )
        return self

    @model_validator(mode="after")
    def _a_step_is_what_sagemaker_takes(self) -> Release:
        if self.traffic == "linear" and self.share < LEAST_STEP:
            raise ValueError(f"share {self.share} is too small a step for traffic 'linear', at least {LEAST_STEP}")
        return self

    def given_up(self) -> tuple[str, ...]:
        """What a serverless endpoint does without, in sentences; nothing for a fleet of machines."""
        if self.serverless is None:
            return ()
        return (
            "serverless: requests are not captured, so drift in live traffic is not seen.",
            "serverless: a release goes over at once, without canary, shadow or alarms that lead it back; golden rows "
            "are asked afterwards.",
            "serverless: the first request after a pause waits until the model has been loaded.",
        )


class Serving(Part):
    """How the endpoint answers and what it remembers."""

    capture_percent: int = Field(100, ge=0, le=100, description="The share of requests kept for monitoring.")
    capture_kms_key: str | None = Field(
        None, min_length=1, max_length=2048, description="The KMS key that captured traffic is encrypted with."
    )
    sensitive: Literal["keep", "hash", "drop"] = Field(
        "keep",
        description="Sensitive columns in what is captured: as they are; or requests are not captured as they came, "
        "and the server notes them itself, hashed or without these columns.",
    )
    invocations_per_instance: int = Field(3000, ge=1, description="Per minute; scaling aims at it.")
    out_of_contract: Literal["refuse", "answer"] = Field(
        "answer", description="A row that breaks the columns' rules: refused with the reason, or answered and counted."
    )
