"""Training, retraining and monitoring of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from perennial.contract.part import Part, setting

Update = Literal["full", "amend"]
INSTANCE_TYPE = r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"


@dataclass(frozen=True)
class Amendment(Part):
    """The growth of an amended candidate from the champion."""

    replay: float = setting(0.5, "Old training rows that are learned again, per new row.", ge=0, le=10)
    growth: float = setting(
        0.2, "Trees that one amendment adds, as a share of the trees of a full training.", gt=0, le=1
    )
    memory: int = setting(
        0, "Dataset versions before the window whose rows are judged as well, and replayed.", ge=0, le=100
    )
    generations: int = setting(10, "After so many amendments in a row the next model is trained in full.", ge=1, le=100)


#: the name of a search over the estimators
AUTO = "auto"
#: how a run names the weighted mean of several estimators that the search has found
ENSEMBLE = "ensemble"
#: the estimator of a run whose model was trained elsewhere
IMPORTED = "imported"


@dataclass(frozen=True)
class Training(Part):
    """Estimator, data and machine of a training."""

    estimator: str = setting(
        "hist_gradient_boosting",
        "hist_gradient_boosting, random_forest, extra_trees, linear, elastic_net, quantile (of a regression), auto (a "
        "search over the first five and their weighted means), or module:function from models/*.py.",
        pattern=r"^(hist_gradient_boosting|random_forest|extra_trees|linear|elastic_net|quantile|auto|"
        r"[A-Za-z_][\w.]*:[A-Za-z_]\w*)$",
    )
    parameters: Mapping[str, Any] = setting(dict, "Arguments of the estimator.")
    window: int = setting(6, "The number of accepted dataset versions to train on.", ge=1, le=1000)
    update: Update = setting(
        "full",
        "'amend': beside the full training, a second candidate starts from the champion and learns what is new; the "
        "better one goes to the gate.",
    )
    amend: Amendment = setting(Amendment(), "With 'amend': how the second candidate grows.")
    held_out: float = setting(0.2, "The share of held-out rows, chosen by key.", gt=0, lt=0.9)
    refit: bool = setting(
        False, "After judging, fit the model that will serve on all rows; the metrics stay those of the judged model."
    )
    interval: float | None = setting(
        None, "Regression: each answer carries an interval that holds the truth in this share of cases.", ge=0.5, lt=1
    )
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
class Splitting(Part):
    """The division of rows into training rows and held-out rows."""

    group: tuple[str, ...] = setting(
        (), "Columns, such as a patient, whose equal values keep rows on one side. Default: the key, or the whole row."
    )
    time: bool = setting(
        False, "Also judge on the newest held-out rows by event_time, with a model fitted on older rows alone."
    )


#: by the key
BY_KEY = Splitting()


@dataclass(frozen=True)
class Retrain(Part):
    """The conditions under which a new dataset is trained on."""

    on: Literal["always", "drift", "age"] = setting("always", "The reason to train a candidate.")
    days: int = setting(30, "With 'age': train when the champion is older.", ge=1)


@dataclass(frozen=True)
class Retraining(Part):
    """The conditions under which a model in service is trained again by itself, and the limits."""

    by: Literal["verdict", "schedule", "cost"] = setting(
        "verdict",
        "'verdict': when the model is stale; 'schedule': every so many days; 'cost': when staleness has lost more than "
        "a training costs.",
    )
    every_days: int = setting(30, "With 'schedule': the days from one training to the next.", ge=1, le=366)
    min_labels: int = setting(500, "New labelled rows that a training needs.", ge=1)
    min_new_share: float = setting(
        0.2,
        "With 'verdict' and 'cost': new labelled rows that a training needs, per row that the champion was trained on; "
        "fewer would hardly change the model.",
        ge=0,
        le=10,
    )
    cooldown_hours: int = setting(
        24, "The time from the end of a run to the next; doubled with each refused candidate.", ge=0, le=24 * 31
    )
    runs_per_month: int = setting(8, "Trainings in a calendar month, at most.", ge=1, le=1000)
    money_per_month: float | None = setting(None, "The price of a month's trainings, at most. Default: no limit.", gt=0)
    hour_price: float = setting(0.115, "The price of an hour of the training instance.", ge=0)
    ask_after: int = setting(3, "Refused candidates in a row after which a person is asked.", ge=1, le=20)


@dataclass(frozen=True)
class Monitoring(Part):
    """Monitoring of live traffic."""

    every_hours: int = setting(24, "The interval of monitoring.", ge=1, le=24 * 31)
    min_rows: int = setting(500, "With less captured traffic there is no verdict.", ge=1)
    max_age_days: int = setting(90, "An older champion is stale, whatever its traffic.", ge=1)
    retrain: bool = setting(True, "Retrain automatically, as 'retraining' says.")
    retraining: Retraining = setting(Retraining(), "The policy of automatic retraining.")
    windows: int = setting(3, "The number of newest windows that decide; a window is one interval.", ge=1, le=30)
    confirm: int = setting(2, "The number of these windows that must agree before the model is stale.", ge=1, le=30)
    min_labels: int = setting(100, "A window with fewer labels has estimates alone.", ge=10)
    label_days: int = setting(14, "The days for which the labels of a window are waited for.", ge=0, le=366)
    false_alarms: float = setting(
        0.0003, "The false-alarm rate of quality, fairness and value: per look and kind, at most.", gt=0, le=0.1
    )
