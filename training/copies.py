"""Judging with and without the held-out rows that have near-duplicates among the training rows.

The candidate is not trained on these near-duplicates, so its metrics are honest on all held-out rows. A champion may
have been trained on them, before the held-out row was uploaded; then both models are judged without such rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.contract.plan import Plan
from training.champion import Champion
from training.comparison import part
from training.evaluation import Scored
from training.split import Split

#: the share of held-out rows from which they are left out
MATTERS = 0.01


def unseen(plan: Plan, split: Split, champion: Champion | None) -> NDArray[np.bool_] | None:
    """A mask of the held-out rows of which the champion has seen no near-duplicate; None if that is nearly all.

    A champion whose training knew the held-out row left its near-duplicates out, as this one does.
    """
    if champion is None:
        return None
    known = [place for place, name in enumerate(plan.origin.datasets) if name in champion.datasets]
    if not champion.manifest.get("without_near_duplicates"):
        known = []
    seen = split.near_held_out & ~np.isin(split.places, known)
    return ~seen if seen.sum() >= max(1, MATTERS * len(seen)) and not seen.all() else None


def measured(
    plan: Plan, split: Split, both: tuple[Scored, Scored | None], judged_on: NDArray[np.bool_] | None
) -> dict[str, Any]:
    """The 'near_duplicates' of evaluation.json: their counts, and the metrics with and without the rows they concern.

    `split` and `both` are of all held-out rows, `judged_on` is a mask of those that the models are judged on.
    """
    found = split.near.to_json() | {"judged_without": 0 if judged_on is None else int((~judged_on).sum())}
    if not split.near_held_out.any():
        return found
    truth, everything = split.truth(plan), np.ones(len(split.held_out), dtype=bool)
    apart = ~split.near_held_out if judged_on is None else judged_on
    return found | {"with": part(plan, truth, both, everything), "without": part(plan, truth, both, apart)}
