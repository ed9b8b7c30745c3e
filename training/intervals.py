"""Intervals of a regression's answers, conformal on the held-out rows.

The held-out rows are divided by their predicted value into parts of many rows. In each part the errors (actual minus
predicted) give what is added to an answer: the quantiles that hold the declared share, corrected for the number of
rows, after Vovk's Mondrian conformal prediction. So an interval is as wide as errors are where the answer lies, it need
not be symmetric, and it holds the truth as often as declared as long as rows are as those that were held out.

An estimator of quantiles has ends of its own for each row, which the errors beyond them correct; there is one part.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial.contract.plan import Plan
from training import quantile
from training.job import TrainingError

_MOST_PARTS = 20
_ROWS_OF_A_PART = 100
_APART = 1e-7  # answers that differ by less are the same
_SLIP = 1e-6  # of a share in binary: 1 - 0.9 is not 0.1
_ROWS_BEYOND = 4  # expected beyond each end of a part's interval

Floats = NDArray[np.float64]


def measure(share: float, actual: Floats, predicted: Floats) -> dict[str, Any]:
    """The manifest's member `interval`, from actual and predicted values (n,) of held-out rows.

    {"share", "rows", "edges", "low", "high"}: the answers up to edges[i] are in part i; `low` and `high` are added.
    Raises TrainingError for too few rows.
    """
    fewest = _require(share, len(actual))
    size = max(_ROWS_OF_A_PART, math.ceil(2 * _ROWS_BEYOND / (1 - share) - _SLIP))
    count = max(1, min(_MOST_PARTS, len(actual) // size))
    edges = _edges(predicted, count)
    parts = np.searchsorted(edges, predicted)
    bounds = [
        _bounds(actual[parts == part] - predicted[parts == part], share, fewest) for part in range(len(edges) + 1)
    ]
    whole = _bounds(actual - predicted, share, fewest)
    found = np.array([whole if each is None else each for each in bounds])
    return {
        "share": share,
        "rows": len(actual),
        "edges": edges.tolist(),
        "low": found[:, 0].tolist(),
        "high": found[:, 1].tolist(),
    }


def _require(share: float, rows: int) -> int:
    """The fewest rows that an interval needs. Raises TrainingError for less."""
    fewest = math.ceil(2 / (1 - share) - _SLIP)
    if rows < fewest:
        raise TrainingError(
            f"{rows} held-out rows are too few for training.interval: {share:g}; at least {fewest} are needed. "
            "Upload more rows, or take a smaller interval."
        )
    return fewest


def _edges(predicted: Floats, count: int) -> Floats:
    """The inner edges of parts of as many rows, each between two different answers: no answer lies on an edge."""
    ordered = np.sort(predicted)
    places = np.array([len(ordered) * part // count - 1 for part in range(1, count)], dtype=np.int64)
    ends = np.unique(ordered[places])
    after = [ordered[np.searchsorted(ordered, end + _APART * max(1.0, abs(end)), "right") :] for end in ends]
    return np.array([(end + rest[0]) / 2 for end, rest in zip(ends, after, strict=True) if len(rest)], dtype=np.float64)


def of(plan: Plan, pipeline: Any, held_out: pd.DataFrame) -> dict[str, Any] | None:
    """The interval of a fitted pipeline, by typed held-out rows. Raises TrainingError."""
    if plan.interval is None:
        return None
    rows, actual = held_out[list(plan.features)], held_out[plan.target].to_numpy(dtype=np.float64)
    if quantile.has_ends(pipeline):
        return correct(plan.interval, actual, quantile.answers(pipeline, rows))
    return measure(plan.interval, actual, np.asarray(pipeline.predict(rows), dtype=np.float64))


def correct(share: float, actual: Floats, answers: Floats) -> dict[str, Any]:
    """The manifest's member `interval` of an estimator of quantiles, from its answers and ends (n, 3).

    `low` and `high` are added to the ends of a row, `quantiles` is True. Raises TrainingError for too few rows.
    """
    fewest = _require(share, len(actual))
    ends = np.sort(answers, axis=1)[:, [0, 2]]
    both = [_bounds(actual - ends[:, side], share, fewest) for side in (0, 1)]
    assert both[0] is not None, "there are enough rows"
    assert both[1] is not None, "there are enough rows"
    member = {"share": share, "rows": len(actual), "edges": [], "low": [both[0][0]], "high": [both[1][1]]}
    return member | {"quantiles": True}


def _bounds(errors: Floats, share: float, fewest: int) -> tuple[float, float] | None:
    """The errors between which the share lies, counted so that the next row's error is as likely; None for too few."""
    if len(errors) < fewest:
        return None
    ordered = np.sort(errors)
    beyond = math.floor((len(errors) + 1) * (1 - share) / 2 + _SLIP)
    return float(ordered[beyond - 1]), float(ordered[len(errors) - beyond])
