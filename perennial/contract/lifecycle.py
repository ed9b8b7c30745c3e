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
    window: int = setting(6, "The number of accepted dataset versions to train on.", ge=1, le=1000)
    held_out: float = setting(0.2, "The share of held-out rows, chosen by key.", gt=0, lt=0.9)
    seed: int = setting(7, "The seed of the estimator and of all sampling.", ge=0, lt=2**32)
    instance: str = setting("ml.m5.large", "SageMaker instance type.", pattern=INSTANCE_TYPE)
    fallback_instances: tuple[str, ...] = setting(
        (), "Instance types to try, in this order, if SageMaker has no capacity of the first.", max_length=5
    )
    volume_gb: int = setting(20, "The size of the job's volume.", ge=1, le=16384)
    max_minutes: int = setting(60, "The maximum run time of the job.", ge=1, le=40320)
    keep_alive_minutes: int = setting(0, "Warm pool: the time for which the instance is kept after a job.", ge=0, le=60)
    spot: bool = setting(False, "Use spot capacity.")


@dataclass(frozen=True)
class Retrain(Part):
    """The conditions under which a new dataset is trained on."""

    on: Literal["always", "drift", "age"] = setting("always", "The reason to train a candidate.")
    days: int = setting(30, "With 'age': train when the champion is older.", ge=1)


@dataclass(frozen=True)
class Monitoring(Part):
    """Monitoring of live traffic."""

    every_hours: int = setting(24, "The interval of monitoring.", ge=1, le=24 * 31)
    min_rows: int = setting(500, "With less captured traffic there is no verdict.", ge=1)
    max_age_days: int = setting(90, "An older champion is stale, whatever its traffic.", ge=1)
    retrain: bool = setting(True, "Retrain a stale model automatically.")
    windows: int = setting(3, "The number of newest windows that decide; a window is one interval.", ge=1, le=30)
    confirm: int = setting(2, "The number of these windows that must agree before the model is stale.", ge=1, le=30)
    min_labels: int = setting(100, "A window with fewer labels has estimates alone.", ge=10)
    label_days: int = setting(14, "The days for which the labels of a window are waited for.", ge=0, le=366)
    false_alarms: float = setting(
        0.0003, "The false-alarm rate of quality, fairness and value: per look and kind, at most.", gt=0, le=0.1
    )
