"""Estimators of a team's own, as they may stand beside its specs: one that breaks, one that takes its time."""

import time
from typing import Any

from sklearn.dummy import DummyClassifier


def breaks(columns: Any, parameters: dict[str, Any], seed: int) -> Any:
    """Fails as a team's code may."""
    raise ValueError("the estimator broke on purpose")


def sleeps(columns: Any, parameters: dict[str, Any], seed: int) -> Any:
    """Takes so long that there is time to stop the run."""
    time.sleep(60)
    return DummyClassifier()
