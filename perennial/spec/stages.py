"""What a spec says of the stages of a model's life: training, retraining, monitoring. See also gate and release."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from perennial.spec.part import Part

Instance = Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]


class Training(Part):
    """How a model is fitted, and on what machine."""

    estimator: str = Field(
        "hist_gradient_boosting",
        pattern=r"^(hist_gradient_boosting|random_forest|linear|[A-Za-z_][\w.]*:[A-Za-z_]\w*)$",
        description="hist_gradient_boosting, random_forest, linear, or module:function from models/*.py.",
    )
    parameters: dict[str, Any] = Field(default_factory=dict, description="Arguments of the estimator.")
    window: int = Field(6, ge=1, le=1000, description="How many accepted dataset versions are trained on.")
    held_out: float = Field(0.2, gt=0, lt=0.9, description="The share of rows kept for judging, chosen by key.")
    seed: int = Field(7, ge=0, lt=2**32)
    instance: Instance = Field("ml.m5.large", description="SageMaker instance type.")
    fallback_instances: list[Instance] = Field(
        [], max_length=5, description="Types to try, in this order, where SageMaker has no machine of the first."
    )
    volume_gb: int = Field(20, ge=1, le=16384)
    max_minutes: int = Field(60, ge=1, le=40320, description="The job is stopped after this long.")
    keep_alive_minutes: int = Field(
        0, ge=0, le=60, description="Warm pool: how long the instance waits for a next job."
    )
    spot: bool = Field(False, description="Use spot capacity.")


class Retrain(Part):
    """When a dataset is worth paying a training for."""

    on: Literal["always", "drift", "age"] = "always"
    days: int = Field(30, ge=1, description="With 'age': train when the champion is older.")


class Monitoring(Part):
    """How live traffic is watched."""

    every_hours: int = Field(24, ge=1, le=24 * 31)
    min_rows: int = Field(500, ge=1, description="With less captured traffic nothing is concluded.")
    max_age_days: int = Field(90, ge=1, description="An older champion is stale, whatever its traffic.")
    retrain: bool = Field(True, description="Does a stale model retrain itself?")


def _retrain(value: Any) -> Any:
    """`retrain: drift` is short for `retrain: {on: drift}`."""
    return {"on": value} if isinstance(value, str) else value


#: what stands in a spec: `retrain: drift` as well as `retrain: {on: drift}`
RetrainPolicy = Annotated[Retrain, BeforeValidator(_retrain)]
