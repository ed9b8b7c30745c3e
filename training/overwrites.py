"""Overwritten rows: the labels that the newest dataset changes, and the champion's metric on the rows it knows."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from perennial.contract.plan import Plan
from training import baseline
from training.comparison import points
from training.evaluation import Scored
from training.split import Split


def measured(plan: Plan, split: Split, mine: Scored, theirs: Scored | None) -> dict[str, Any]:
    """The 'overwrites' of evaluation.json: counts of known keys, and the champion's metric on the rows it knows."""
    counts = asdict(split.relabelled)
    own = split.own
    if theirs is None or not own.any():
        return {**counts, "own": None}
    metric, constant = baseline.constant(plan, split, mine)
    actual = split.held_out[plan.target][own]
    models = theirs.where(own), constant.where(own)
    champion, unskilled = (_finite(found[metric]) for found in points(plan, actual, models))
    return {
        **counts,
        "own": {"rows": int(own.sum()), "metric": metric, "champion": champion, "constant": unskilled},
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
