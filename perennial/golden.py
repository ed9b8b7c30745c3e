"""Golden rows: held-out rows with the model's offline predictions, which an endpoint must reproduce."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from perennial.contract.reveal import APART, Reveal, without_numbers

TOLERANCE = 1e-9
#: the inference id of a release's own requests; they are no traffic, and are in no table of it
INFERENCE_ID = "perennial-golden-rows"


def difference(offline: Sequence[Any], online: Sequence[Any], reveal: Reveal = "all", before: int = 0) -> str | None:
    """The first difference between offline and live predictions, in a sentence without values; None if there is none.

    `reveal`: what the endpoint reveals of its predictions; `before`: the number of golden rows before these.
    """
    if reveal == "labels":
        offline = [without_numbers(prediction) for prediction in offline]
    apart = TOLERANCE if reveal == "all" else APART + TOLERANCE
    if len(online) != len(offline):
        return f"the endpoint answered {len(online)} of {len(offline)} golden rows"
    unequal = [row for row, pair in enumerate(zip(offline, online, strict=True)) if not same(*pair, apart)]
    if not unequal:
        return None
    others = f"; {len(unequal):,} of {len(offline):,} golden rows differ" if len(unequal) > 1 else ""
    return f"golden row {before + unequal[0] + 1}: {_told(offline[unequal[0]], online[unequal[0]], apart)}{others}"


def _told(offline: Any, online: Any, apart: float) -> str:
    """The first member that differs and by how much; labels are values of the data, so they are not named."""
    if not isinstance(offline, dict) or not isinstance(online, dict) or offline.keys() != online.keys():
        return "the endpoint's prediction has other members than the model's offline prediction"
    name = next(name for name in offline if not same(offline[name], online[name], apart))
    then, now = offline[name], online[name]
    if isinstance(then, float) and isinstance(now, int | float):
        return f"'{name}' differs from the model's offline prediction by {abs(now - then):.3g}"
    return f"'{name}' differs from the model's offline prediction"


def same(offline: Any, online: Any, apart: float = TOLERANCE) -> bool:
    """Equal, numbers to `apart`."""
    if isinstance(offline, dict) and isinstance(online, dict):
        return offline.keys() == online.keys() and all(same(offline[key], online[key], apart) for key in offline)
    if isinstance(offline, float) or isinstance(online, float):
        return (
            isinstance(offline, int | float)
            and isinstance(online, int | float)
            and math.isclose(offline, online, rel_tol=apart, abs_tol=apart)
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
