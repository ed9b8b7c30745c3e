"""Judging with and without the held-out rows that the champion may have seen, themselves or near-duplicates of them.

The candidate is not trained on these near-duplicates, so its metrics are honest on all held-out rows. A champion may
have been trained on them, before the held-out row was uploaded; then both models are judged without such rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial import heldout
from perennial.contract.plan import Plan
from training.bundle import division
from training.champion import Champion
from training.comparison import part
from training.evaluation import Scored
from training.split import Split, side_hashes

#: the share of held-out rows from which they are left out
MATTERS = 0.01
#: the fewest rows on which two models are compared
FEWEST = 10


@dataclass(frozen=True)
class Unseen:
    """The held-out rows that are fit to compare with the champion, as a mask, and the numbers of the others.

    `near`: it may have been trained on a near-duplicate; `redivided`: it was trained under another key or group, which
    put them on the training side, or names columns that are no longer declared.
    """

    rows: NDArray[np.bool_]
    near: int = 0
    redivided: int = 0


def unseen(plan: Plan, split: Split, champion: Champion | None) -> Unseen:
    """The held-out rows that the champion has not seen; near-duplicates count from 1% of the held-out rows on.

    A champion whose training knew the held-out row left its near-duplicates out, as this one does.
    """
    everything = np.ones(len(split.held_out), dtype=bool)
    if champion is None:
        return Unseen(everything)
    theirs = _held_out_by(champion, plan, split)
    known = [place for place, name in enumerate(plan.origin.datasets) if name in champion.datasets]
    if not champion.manifest.get("without_near_duplicates"):
        known = []
    near = split.near_held_out & ~np.isin(split.places, known)
    if near.sum() < max(1, MATTERS * len(near)):
        near = ~everything
    return Unseen(theirs & ~near, int(near.sum()), int((~theirs).sum()))


def _held_out_by(champion: Champion, plan: Plan, split: Split) -> NDArray[np.bool_]:
    """A mask of the held-out rows that were held out of the champion's training, too."""
    mine = division(plan)
    theirs: dict[str, Any] = {**mine, "secret": "", **(champion.manifest.get("division") or {})}
    rows = split.held_out
    if theirs == mine:
        return np.ones(len(rows), dtype=bool)
    key, group = list(theirs["key"]), list(theirs["group"])
    if not set(key) | set(group) <= set(rows.columns):
        return np.zeros(len(rows), dtype=bool)
    if theirs["secret"] not in ("", mine["secret"]):  # a secret that is not there any more
        return np.zeros(len(rows), dtype=bool)
    secret = plan.secret if theirs["secret"] else ""
    hashes = heldout.row_hashes(rows, key, secret)
    return heldout.is_held_out(side_hashes(rows, hashes, group, secret), float(theirs["held_out"]))


def measured(plan: Plan, split: Split, both: tuple[Scored, Scored | None], judged_on: Unseen) -> dict[str, Any]:
    """The 'near_duplicates' of evaluation.json: their counts, and the metrics with and without the rows they concern.

    `split` and `both` are of all held-out rows, `judged_on` has those that the models are judged on.
    """
    found = split.near.to_json() | {"judged_without": judged_on.near}
    if not split.near_held_out.any():
        return found
    truth, everything = split.truth(plan), np.ones(len(split.held_out), dtype=bool)
    apart = judged_on.rows if judged_on.near else ~split.near_held_out
    return found | {"with": part(plan, truth, both, everything), "without": part(plan, truth, both, apart)}
