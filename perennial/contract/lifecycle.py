"""Training, retraining and monitoring of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from perennial.contract.part import Part, setting

INSTANCE_TYPE = r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"


@dataclass(frozen=True)
class Training(Part):
    """Estimator, data and machine of a training."""

    estimator: str = setting(
        "hist_gradient_boosting",
        "hist_gradient_boosting, random_forest, linear, or module:function from models/*.py.",
        pattern=r"^(hist_gradient_boosting|random_forest|linear|[A-Za-z_][\w.]*:[A-Za-z_]\w*)$",
    )
    parameters: Mapping[str, Any] = setting(dict, "Arguments of the estimator.")
    window: int = setting(6, "How many accepted dataset versions are trained on.", ge=1, le=1000)
    held_out: float = setting(0.2, "The share of rows kept for judging, chosen by key.", gt=0, lt=0.9)
    seed: int = setting(7, "The seed of the estimator and of all sampling.", ge=0, lt=2**32)
    instance: str = setting("ml.m5.large", "SageMaker instance type.", pattern=INSTANCE_TYPE)
    fallback_instances: tuple[str, ...] = setting(
        (), "Types to try, in this order, where SageMaker has no machine of the first.", max_length=5
    )
    volume_gb: int = setting(20, "The size of the job's volume.", ge=1, le=16384)
    max_minutes: int = setting(60, "The job is stopped after this long.", ge=1, le=40320)
    keep_alive_minutes: int = setting(0, "Warm pool: how long the instance waits for a next job.", ge=0, le=60)
    spot: bool = setting(False, "Use spot capacity.")


@dataclass(frozen=True)
class Retrain(Part):
    """The conditions under which a new dataset is trained on."""

    on: Literal["always", "drift", "age"] = setting("always", "The reason for which a candidate is trained.")
    days: int = setting(30, "With 'age': train when the champion is older.", ge=1)


@dataclass(frozen=True)
class Monitoring(Part):
    """Monitoring of live traffic."""

    every_hours: int = setting(24, "The time between two looks at the traffic.", ge=1, le=24 * 31)
    min_rows: int = setting(500, "With less captured traffic nothing is concluded.", ge=1)
    max_age_days: int = setting(90, "An older champion is stale, whatever its traffic.", ge=1)
    retrain: bool = setting(True, "Does a stale model retrain itself?")
