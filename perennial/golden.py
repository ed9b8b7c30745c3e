"""Golden rows: held-out rows with the model's offline predictions, which an endpoint must reproduce."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

TOLERANCE = 1e-9


def difference(offline: Sequence[Any], online: Sequence[Any], before: int = 0) -> str | None:
    """The first difference between offline and live predictions, in a sentence; None where they are equal.

    `before` is the number of golden rows before these.
    """
    if len(online) != len(offline):
        return f"the endpoint answered {len(online)} of {len(offline)} golden rows"
    unequal = [row for row, pair in enumerate(zip(offline, online, strict=True)) if not same(*pair)]
    if not unequal:
        return None
    first = unequal[0]
    others = f"; {len(unequal):,} of {len(offline):,} golden rows differ" if len(unequal) > 1 else ""
    given = f"the model gave {offline[first]} offline, the endpoint gives {online[first]}{others}"
    return f"golden row {before + first + 1}: {given}"


def same(offline: Any, online: Any) -> bool:
    """Equal, numbers to 1e-9."""
    if isinstance(offline, dict) and isinstance(online, dict):
        return offline.keys() == online.keys() and all(same(offline[key], online[key]) for key in offline)
    if isinstance(offline, float) or isinstance(online, float):
        return (
            isinstance(offline, int | float)
            and isinstance(online, int | float)
            and math.isclose(offline, online, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        )
    return bool(offline == online)


def score(prediction: Any) -> float | None:
    """The one number of a prediction: the probability, the greatest of several, or the value."""
    if not isinstance(prediction, dict):
        return None
    several = prediction.get("probabilities")
    found = max(several.values(), default=None) if isinstance(several, dict) else None
    for name in ("probability", "value"):
        found = prediction.get(name, found)
    return float(found) if isinstance(found, int | float) and math.isfinite(found) else None


def spread(predictions: Sequence[Any]) -> float:
    """The standard deviation of the scores; 0 where there are fewer than two."""
    scores = [found for prediction in predictions if (found := score(prediction)) is not None]
    if len(scores) < 2:
        return 0.0
    mean = math.fsum(scores) / len(scores)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in scores) / (len(scores) - 1))
