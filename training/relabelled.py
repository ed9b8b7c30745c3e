"""Labels that the newest dataset changes, of keys that older datasets hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from perennial.contract.plan import Plan

if TYPE_CHECKING:
    from training.rows import Window

#: a number is another label if it differs by more than this share of the standard deviation of the older labels
_CHANGED = 0.5


@dataclass(frozen=True)
class Relabelled:
    """Labelled rows of the newest dataset.

    `known`: those whose key an older dataset labels, too; `changed`: those of them with another label. `older`: the
    number of keys that older datasets label.
    """

    known: int = 0
    changed: int = 0
    older: int = 0


def relabelled(window: Window, plan: Plan) -> Relabelled:
    """Compares the labels of the newest dataset with the latest ones before it, by key; nothing without a key."""
    rows, newest = window.rows, window.places == window.newest
    if not plan.key or newest.all():
        return Relabelled()
    key = list(plan.key)
    labelled = rows[[*key, plan.target]][rows[plan.target].notna().to_numpy()]
    new = newest[rows[plan.target].notna().to_numpy()]
    before = labelled[~new].drop_duplicates(key, keep="last")
    both = labelled[new].merge(before, on=key, suffixes=("_now", "_then"))
    now, then = both[f"{plan.target}_now"], both[f"{plan.target}_then"]
    if plan.problem != "regression":
        return Relabelled(len(both), int((now != then).sum()), len(before))
    spread = float(before[plan.target].to_numpy(dtype=np.float64).std()) if len(before) else 0.0
    apart = np.abs(now.to_numpy(dtype=np.float64) - then.to_numpy(dtype=np.float64))
    return Relabelled(len(both), int((apart > _CHANGED * spread).sum()), len(before))
