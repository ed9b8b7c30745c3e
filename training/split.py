"""The division of a window's rows into training rows and held-out rows, in an order independent of the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial import heldout
from perennial.contract.plan import Plan
from perennial.contract.sizes import FEWEST_HELD_OUT, FEWEST_TRAINED_ON
from training import labels, near_duplicates
from training.comparison import Truth
from training.job import TrainingError
from training.near_duplicates import NearDuplicates
from training.relabelled import Relabelled
from training.rows import Repeats, Window, different_rows

_MOST_FRESH = 100_000


@dataclass
class Split:
    """The training and the held-out rows, each in the order of a hash. Boolean arrays and hashes are of all n rows.

    Args:
        train: the rows to train on, without near-duplicates of held-out rows; with the hash of each that divides them
            into folds, and the place of its dataset.
        left_out: these near-duplicates.
        all_held_out: the held-out rows.
        held_out_mask: a mask of these.
        hashes: the hash of each row's key, or of the whole row.
        sides: the hash by which each row's side is chosen: of its group, else the same.
        all_places: the place of each row's dataset among those of the plan.
        newest_place: the place of the newest dataset.
        near: the near-duplicates across the sides; those of the training side are not trained on.
        fresh: rows of the newest dataset that nearly equal none of an older dataset, 100,000 at most.
        times: the event time of each row, if models are also judged by time.
        repeats: the rows that several datasets hold.
        known: a mask of the rows whose key or content an older dataset holds, too.
        relabelled: the labels that the newest dataset changes.
        unseen: no model has seen the newest dataset.
        judged: a mask of the held-out rows that models are judged on.
    """

    train: pd.DataFrame
    train_hashes: NDArray[np.uint64]
    train_places: NDArray[np.int64]
    left_out: pd.DataFrame
    all_held_out: pd.DataFrame
    held_out_mask: NDArray[np.bool_]
    hashes: NDArray[np.uint64]
    sides: NDArray[np.uint64]
    all_places: NDArray[np.int64]
    newest_place: int
    near: NearDuplicates
    fresh: pd.DataFrame
    times: pd.Series | None
    repeats: Repeats
    known: NDArray[np.bool_]
    relabelled: Relabelled
    unseen: bool = False
    judged: NDArray[np.bool_] | None = None

    def everything(self, oldest: int = 0) -> pd.DataFrame:
        """All rows; of those that are not in `train`, the ones of datasets from the place `oldest` on."""
        left_out = self.left_out[self.all_places[self.near.train] >= oldest]
        held_out = self.all_held_out[self.all_places[self.held_out_mask] >= oldest]
        return pd.concat([self.train, left_out, held_out], ignore_index=True)

    @cached_property
    def _judged_on(self) -> NDArray[np.int64]:
        places: NDArray[np.int64] = np.flatnonzero(self.held_out_mask)
        return places if self.judged is None else places[self.judged]

    @cached_property
    def held_out(self) -> pd.DataFrame:
        """The rows to judge on."""
        return self.all_held_out if self.judged is None else self.all_held_out[self.judged].reset_index(drop=True)

    @property
    def held_out_hashes(self) -> NDArray[np.uint64]:
        """The hash of each held-out row."""
        return self.hashes[self._judged_on]

    @property
    def newest(self) -> NDArray[np.bool_]:
        """A mask of the held-out rows of the newest dataset."""
        newest: NDArray[np.bool_] = self.places == self.newest_place
        return newest

    @property
    def places(self) -> NDArray[np.int64]:
        """The place of each held-out row's dataset among those of the plan."""
        return self.all_places[self._judged_on]

    @property
    def own(self) -> NDArray[np.bool_]:
        """A mask of the held-out rows of older datasets, or with keys of these.

        Where there is one dataset: all, or none if no model has seen it.
        """
        places = self.places
        if (self.all_places == self.newest_place).all():
            return np.full(len(places), not self.unseen)
        own: NDArray[np.bool_] = (places != self.newest_place) | self.known[self._judged_on]
        return own

    @property
    def near_held_out(self) -> NDArray[np.bool_]:
        """A mask of the held-out rows that have near-duplicates on the training side."""
        return self.near.held_out[self._judged_on]

    def truth(self, plan: Plan) -> Truth:
        """The true values of the held-out rows, and their groups."""
        groups = np.unique(self.sides[self._judged_on], return_inverse=True)[1] if plan.split.group else None
        return Truth(self.held_out[plan.target], groups)

    def judged_on(self, mask: NDArray[np.bool_]) -> Split:
        """The same, judged on some of the held-out rows."""
        return replace(self, judged=mask)


def split(window: Window, plan: Plan) -> Split:
    """Divides the rows with a target by the hash of their key.

    Of rows with the same key the newest dataset's is kept. Without a key, an equal row counts as often as in the
    dataset that holds it most often: a table that is uploaded twice counts once. The rows are ordered by the hash, so
    that a model does not depend on the division into files. Raises DataError for classes that the problem does not
    allow, TrainingError if one side is too small.
    """
    different = different_rows(window, plan)
    labels.check(plan, different.window)
    hashes = heldout.row_hashes(different.window.rows, plan.key, plan.secret)
    order = np.argsort(hashes, kind="stable")
    window, hashes, known = different.window.where(order), hashes[order], different.known[order]
    rows = window.rows
    sides = side_hashes(rows, hashes, plan.split.group, plan.secret)
    held_out = heldout.is_held_out(sides, plan.held_out)
    near = near_duplicates.find(rows, held_out, _compared(plan), plan.target)
    trained_on = ~held_out & ~near.train
    divided = Split(
        train=rows[trained_on].reset_index(drop=True),
        train_hashes=sides[trained_on],
        train_places=window.places[trained_on],
        left_out=rows[near.train].reset_index(drop=True),
        all_held_out=rows[held_out].reset_index(drop=True),
        held_out_mask=held_out,
        hashes=hashes,
        sides=sides,
        all_places=window.places,
        newest_place=window.newest,
        near=near,
        fresh=rows[_fresh(window, plan, known)].head(_MOST_FRESH).reset_index(drop=True),
        times=rows[plan.origin.event_time].reset_index(drop=True) if plan.split.time else None,
        repeats=different.repeats,
        known=known,
        relabelled=different.relabelled,
        unseen=plan.unseen,
    )
    count, judged_by = len(divided.train), len(divided.held_out)
    if count < FEWEST_TRAINED_ON or judged_by < FEWEST_HELD_OUT:
        left_out = f" ({near.train.sum()} nearly equal a held-out row and are left out)" if near.train.any() else ""
        raise TrainingError(
            f"Too few rows: of {len(rows)} with a value of '{plan.target}', {count} are for training{left_out} "
            f"and {judged_by} are held out; at least {FEWEST_TRAINED_ON} and {FEWEST_HELD_OUT} are needed. Upload "
            "more rows" + (", or check that the key differs from row to row." if plan.key else ".")
        )
    return divided


def side_hashes(
    rows: pd.DataFrame, hashes: NDArray[np.uint64], group: Sequence[str], secret: str
) -> NDArray[np.uint64]:
    """The hash by which a row's side is chosen: of its group; `hashes`, of its key, where it has no group."""
    if not group:
        return hashes
    return np.where(rows[list(group)].isna().all(axis=1).to_numpy(), hashes, heldout.row_hashes(rows, group, secret))


def _compared(plan: Plan) -> list[str]:
    """The columns in which near-duplicates are compared: all but the key."""
    return [name for name in plan.columns if name not in plan.key]


def _fresh(window: Window, plan: Plan, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask of the newest dataset's rows that are new: no older dataset of the window holds them, or nearly.

    Without a champion nothing scores them, and none are kept.
    """
    newest = window.places == window.newest
    fresh: NDArray[np.bool_] = newest & ~known
    if plan.champion is None or newest.all():
        return np.zeros_like(fresh)
    return fresh & ~near_duplicates.find(window.rows, newest, _compared(plan), plan.target).held_out
