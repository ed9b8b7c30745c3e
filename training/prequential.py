"""Test-then-train: the champion's metrics on the rows of a new dataset, before any model is trained on them.

The champion predicts the rows that no older dataset of the window holds, equal or nearly; they have labels already, so
each upload gives one point of a curve (Dawid 1984, "Present position and potential developments").
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

from perennial.contract.plan import Plan
from training.champion import Champion
from training.comparison import Truth, compare
from training.evaluation import Scored
from training.split import Split

_FEWEST_ROWS = 10


def rows(plan: Plan, split: Split, champion: Collection[str]) -> pd.DataFrame:
    """The rows to score, by the datasets that the champion was trained on; none if it was trained on the newest.

    Also none if the window holds none of its datasets: then repeats cannot be told. At most 100,000, by their hash.
    """
    known = plan.origin.newest in champion or not set(champion) & set(plan.origin.datasets)
    return split.fresh.head(0) if known else split.fresh


def measure(plan: Plan, split: Split, champion: Champion | None, scored: Scored | None) -> dict[str, Any] | None:
    """The 'prequential' of evaluation.json; None if the champion has scored no rows.

    `unchecked`: datasets of the champion that the window no longer holds, so that their rows may be repeated here.
    """
    if champion is None or scored is None or plan.champion is None:
        return None
    found = rows(plan, split, champion.datasets)
    actual = found[plan.target]
    if plan.problem == "binary" and not set(actual.astype(object)) <= set(scored.classes):
        return None
    if len(found) < _FEWEST_ROWS:
        return None
    measured = compare(plan, Truth(actual), scored, None).comparison.candidate
    return {
        "dataset": plan.origin.newest,
        "version": plan.champion.version,
        "metric": plan.gate.metric,
        "rows": len(found),
        "unchecked": len(set(champion.datasets) - set(plan.origin.datasets)),
        "metrics": measured.metrics,
    }
