"""Thresholds of drift: the size of each metric from which data is watched, and from which it counts as drift."""

from __future__ import annotations

from dataclasses import dataclass

from perennial.contract.part import Part, required, setting


@dataclass(frozen=True)
class Threshold(Part):
    """Two levels of one drift metric."""

    warn: float = required("From this size the verdict is 'watch'.", ge=0)
    alert: float = required("From this size the verdict is 'drifted'.", ge=0)


@dataclass(frozen=True)
class Drift(Part):
    """Limits on the change of the data since the champion's training data. A change within chance never counts."""

    psi: Threshold = setting(Threshold(0.1, 0.2), "Population stability index, over deciles or categories.")
    js: Threshold = setting(Threshold(0.12, 0.2), "Jensen-Shannon distance, 0 to 1, over deciles or categories.")
    ks: Threshold = setting(
        Threshold(0.08, 0.15), "Numbers: the Kolmogorov-Smirnov statistic, the largest gap between the two CDFs."
    )
    wasserstein: Threshold = setting(
        Threshold(0.1, 0.2), "Numbers: the Wasserstein distance, in standard deviations of the reference."
    )
    nulls: Threshold = setting(Threshold(0.01, 0.03), "The change of the share of missing values.")
    unseen: Threshold = setting(
        Threshold(0.005, 0.02), "Categories: the increase of the share of rows with values that the reference lacks."
    )
    missing_category: Threshold = setting(
        Threshold(0.005, 0.01), "Categories: the reference share of a category that no longer occurs."
    )
    target: Threshold = setting(Threshold(0.05, 0.1), "The target: the share of rows in another class or decile.")
    dataset_drift: Threshold = setting(
        Threshold(0.2, 0.4), "The share of the features, weighted by importance, that moved, 0 to 1."
    )
    false_alarms: float = setting(
        0.005, "The false-alarm rate: how often a comparison may find drift where there is none.", gt=0, le=0.1
    )
    min_rows: int = setting(50, "With fewer rows on either side there is no verdict.", ge=1)
    importance: float = setting(
        0.01,
        "A feature below this share of the most important feature's importance is never more than watched.",
        ge=0,
        le=1,
    )
