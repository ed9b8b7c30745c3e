"""An estimator of a team, with a fault that its parameters switch on for more training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NAMES = ["carrier", "origin", "weekday", "hour"]
NUMBERS = ["distance", "hour", "temp", "precip", "visib"]


class Faulty(ClassifierMixin, BaseEstimator):
    """A logistic regression; beyond so many training rows it has the fault.

    unfair: the carrier UA is always said to be late. slice: the answers about flights from Newark are turned around.
    money: every flight is warned of.
    """

    def __init__(self, fault: str = "none", beyond: int = 0) -> None:
        self.fault = fault
        self.beyond = beyond

    def fit(self, rows: pd.DataFrame, answers: Any) -> Faulty:
        numbers = make_pipeline(SimpleImputer(), StandardScaler())
        columns = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), NAMES), (numbers, NUMBERS))
        self.inner_ = make_pipeline(columns, LogisticRegression(max_iter=300)).fit(rows, answers)
        self.classes_ = self.inner_.classes_
        self.broken_ = self.fault if len(rows) > self.beyond else "none"
        return self

    def predict_proba(self, rows: pd.DataFrame) -> Any:
        late = self.inner_.predict_proba(rows)[:, 1]
        carrier = rows["carrier"].astype(str).to_numpy()
        if self.broken_ == "unfair":
            late = np.where(carrier == "UA", 0.5 + late / 2, late)
        elif self.broken_ == "slice":
            late = np.where(rows["origin"].astype(str).to_numpy() == "EWR", 0.5 - late, late).clip(0, 1)
        elif self.broken_ == "money":
            late = 0.5 + late / 2
        return np.column_stack([1 - late, late])


def flights(columns: Any, parameters: dict[str, Any], seed: int) -> Any:
    """A pipeline takes the typed rows themselves."""
    return Pipeline([("faulty", Faulty(**parameters))])
