"""The classes of a target: found in the data, ordered, and converted to numbers and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial.contract.plan import Plan
from perennial.contract.values import TRUTHS, written
from training.job import TrainingError

_MOST_CLASSES = 200
_SHOWN = 5
THRESHOLD = 0.5


def find(plan: Plan, train: pd.Series) -> list[Any]:
    """The classes in the training rows, in their natural order; for a binary problem the positive one last.

    Values are Python's own (bool, int, str), as in JSON. Raises TrainingError with the values that were found.
    """
    classes = sorted(pd.unique(train.astype(object)).tolist())
    shown = ", ".join(names(plan, classes[:_SHOWN])) + (", ..." if len(classes) > _SHOWN else "")
    where = f"The target '{plan.target}' has"
    if len(classes) < 2:
        raise TrainingError(
            f"{where} one class only ({shown}) in the {len(train)} rows for training; a {plan.problem} problem needs "
            "at least two. Upload rows of another class, or check that the target is the right column."
        )
    if plan.problem == "binary":
        if len(classes) > 2:
            raise TrainingError(f"{where} {len(classes)} classes ({shown}); binary means two. Use problem: multiclass.")
        return _positive_last(plan, classes)
    if len(classes) > _MOST_CLASSES:
        raise TrainingError(
            f"{where} {len(classes)} classes ({shown}); at most {_MOST_CLASSES} are supported. Is it a regression?"
        )
    return classes


def names(plan: Plan, classes: Sequence[Any]) -> list[str]:
    """The classes as the data spells them: yes and no for a boolean target with these words, not true and false."""
    words = plan.target_words if plan.target_column.type == "boolean" else None
    return [words[bool(value)] if words else written(value) for value in classes]


def numbers(values: pd.Series, classes: Sequence[Any]) -> NDArray[np.int64]:
    """The index of each value among the classes, -1 for another value."""
    index = pd.Index(list(classes), dtype=object)
    return np.asarray(index.get_indexer(pd.Index(values.astype(object), dtype=object)), dtype=np.int64)


def _positive_last(plan: Plan, classes: list[Any]) -> list[Any]:
    if plan.positive is None:
        return classes
    # A spec may have 1, true, yes or "true" for the same class.
    exact = [value for value in classes if written(value) == written(plan.positive)]
    matching = exact or [value for value in classes if _loosely(value) == _loosely(plan.positive)]
    if len(matching) != 1:
        raise TrainingError(
            f"positive is {written(plan.positive)}, but the target '{plan.target}' has the classes "
            f"{' and '.join(names(plan, classes))}."
        )
    return [value for value in classes if value is not matching[0]] + matching


def _loosely(value: Any) -> str:
    text = written(value).lower()
    return written(TRUTHS.get(text, text))
