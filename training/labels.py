"""The classes of a target: found in the data, ordered, and converted to numbers and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial.contract.classes import MOST_CLASSES, positive_among
from perennial.contract.plan import Plan
from perennial.contract.values import written
from training.job import DataError, TrainingError

if TYPE_CHECKING:
    from training.rows import Window

_SHOWN = 5
THRESHOLD = 0.5


def check(plan: Plan, window: Window) -> None:
    """Raises DataError for more classes than the problem allows, and where the positive class is missing.

    All rows count: a class that only held-out rows have cannot be predicted. The datasets at fault are those that
    break the rule on their own, else the newest one.
    """
    if plan.problem == "regression":
        return
    reason = _fault(plan, window.rows[plan.target])
    if reason is None:
        return
    of_dataset = ((place, window.where(window.places == place)) for place in np.unique(window.places).tolist())
    guilty = [place for place, part in of_dataset if place >= 0 and _fault(plan, part.rows[plan.target])]
    raise DataError([plan.origin.datasets[place] for place in guilty or [window.newest]], reason)


def find(plan: Plan, train: pd.Series) -> list[Any]:
    """The classes in the training rows, in their natural order; for a binary problem the positive one last.

    Values are Python's own (bool, int, str), as in JSON. Raises TrainingError for a single class, or where the
    positive one is missing.
    """
    classes = _classes(train)
    if len(classes) < 2:
        raise TrainingError(
            f"The target '{plan.target}' has one class only{_shown(plan, classes)} in the {len(train)} rows for "
            f"training; a {plan.problem} problem needs at least two. Upload rows of another class, or check that the "
            "target is the right column."
        )
    if plan.problem != "binary" or plan.positive is None:
        return classes
    place = _positive(plan, classes)
    if place is None:
        raise TrainingError(_without_positive(plan, classes))
    return [*classes[:place], *classes[place + 1 :], classes[place]]


def names(plan: Plan, classes: Sequence[Any]) -> list[str]:
    """The classes as the data spells them: yes and no for a boolean target with these words, not true and false."""
    words = plan.target_words if plan.target_column.type == "boolean" else None
    return [words[bool(value)] if words else written(value) for value in classes]


def numbers(values: pd.Series, classes: Sequence[Any]) -> NDArray[np.int64]:
    """The index of each value among the classes, -1 for another value."""
    index = pd.Index(list(classes), dtype=object)
    return np.asarray(index.get_indexer(pd.Index(values.astype(object), dtype=object)), dtype=np.int64)


def _fault(plan: Plan, values: pd.Series) -> str | None:
    """The reason why no model can be trained on these labels and any others; None if there is none."""
    classes = _classes(values)
    where = f"The target '{plan.target}' has {len(classes)} classes{_shown(plan, classes)};"
    if plan.problem == "binary" and len(classes) > 2:
        return f"{where} binary means two. Use problem: multiclass."
    if len(classes) > MOST_CLASSES:
        return f"{where} at most {MOST_CLASSES} are supported. Is it a regression?"
    if plan.problem == "binary" and len(classes) > 1 and plan.positive is not None and _positive(plan, classes) is None:
        return _without_positive(plan, classes)
    return None


def _classes(values: pd.Series) -> list[Any]:
    return sorted(pd.unique(values.astype(object)).tolist())


def _shown(plan: Plan, classes: Sequence[Any]) -> str:
    """The classes in parentheses; none of a sensitive target, whose classes are values of persons."""
    if plan.target_column.sensitive:
        return ""
    return f" ({', '.join(names(plan, classes[:_SHOWN]))}{', ...' if len(classes) > _SHOWN else ''})"


def _positive(plan: Plan, classes: Sequence[Any]) -> int | None:
    """The place of the positive class."""
    assert plan.positive is not None
    texts = [written(value) for value in classes]
    found = positive_among(plan.positive, texts, plan.target_column.type)
    return None if found is None else texts.index(found)


def _without_positive(plan: Plan, classes: Sequence[Any]) -> str:
    which = "other classes" if plan.target_column.sensitive else f"the classes {' and '.join(names(plan, classes))}"
    return f"positive is {written(plan.positive)}, but the target '{plan.target}' has {which}."


def other_classes(plan: Plan, before: Sequence[Any], now: Sequence[Any]) -> str:
    """The reason why a champion of other classes is not scored."""
    if plan.target_column.sensitive:
        return "its classes are others than those of now"
    return f"its classes are {' and '.join(names(plan, before))}, now they are {' and '.join(names(plan, now))}"
