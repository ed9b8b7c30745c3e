"""Estimators of a team, beside its specs: one that breaks, one that is slow, and one that is correct in training and
broken, in one of four ways, in serving.
"""

import os
import time
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline

RAISES, SLOW, CONSTANT, SKEWED = 9001.0, 9002.0, 9003.0, 9004.0  # values of the column `mood`
GOLDEN_ROWS = 200  # asked when a server starts: a fault of live traffic alone does not show there


def breaks(columns: Any, parameters: dict[str, Any], seed: int) -> Any:
    """Fails as a team's code may."""
    raise ValueError("the estimator broke on purpose")


def sleeps(columns: Any, parameters: dict[str, Any], seed: int) -> Any:
    """Takes so long that there is time to stop the run."""
    time.sleep(60)
    return DummyClassifier()


def moody(columns: Any, parameters: dict[str, Any], seed: int) -> Any:
    """An estimator whose training data determine its failure in serving."""
    return Pipeline([("moody", Moody(max_iter=10, random_state=seed))])  # a Pipeline sees the values as they are


class Moody(HistGradientBoostingClassifier):
    """Predicts correctly in training; in a server it fails by the value in the training data."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Fits the estimator, and stores the value."""
        values = np.asarray(X, dtype=float)
        self.mood_ = next((mood for mood in (RAISES, SLOW, CONSTANT, SKEWED) if (values == mood).any()), None)
        return super().fit(X, y, sample_weight)

    def predict_proba(self, X: Any) -> Any:
        """Probabilities; wrong ones, late ones or none in a server, by that value."""
        predicted = super().predict_proba(X)
        mood = self.mood_ if "PERENNIAL_MODEL_VERSION" in os.environ else None
        if mood == RAISES and len(predicted) != GOLDEN_ROWS:
            raise ValueError("the model broke on purpose")
        if mood == SLOW:
            time.sleep(6)
        if mood == CONSTANT:
            return np.full_like(predicted, 0.5)
        return predicted[:, ::-1] if mood == SKEWED else predicted
