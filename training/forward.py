"""Metrics on the newest held-out rows by event time, of a model that was fitted on older training rows alone.

A row is held out by its hash, so the candidate has seen rows of the same time. In service it predicts later rows. The
rows that are newer than all but the share `held_out` are therefore predicted by the same estimator without them. The
champion is compared on the rows that are newer than everything that it was trained on, where there are enough.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial.contract.plan import Plan
from perennial.contract.sizes import FEWEST_TRAINED_ON
from training import encodings, fitting
from training.champion import Champion
from training.comparison import part
from training.evaluation import Scored
from training.fitting import Fitted
from training.job import TrainingError, report
from training.progress import trial
from training.split import Split

_FEWEST_JUDGED_ON = 10
Mask = NDArray[np.bool_]


def measure(
    plan: Plan, split: Split, fitted: Fitted, both: tuple[Scored, Scored | None], champion: Champion | None
) -> dict[str, Any] | None:
    """The 'forward' of evaluation.json; None unless the spec asks for it. `both`: the predictions of held-out rows."""
    times = split.times
    if times is None or plan.origin.event_time is None:
        return None
    if plan.imported is not None:
        return _unknown("an imported model is not fitted on older rows")
    judged_times, trained_times = (each[plan.origin.event_time] for each in (split.held_out, split.train))
    usual = times.dropna().quantile(1 - plan.held_out, interpolation="lower")
    if pd.isna(usual):
        return _unknown("no row has an event time")
    after, reason = _moment(plan, split, champion, judged_times, pd.Timestamp(usual))  # type: ignore[arg-type]
    newest, older = (judged_times > after).to_numpy(dtype=bool), (trained_times <= after).to_numpy(dtype=bool)
    few = f"{newest.sum()} held-out rows are newer by event time, and {older.sum()} training rows older"
    if newest.sum() < _FEWEST_JUDGED_ON or older.sum() < FEWEST_TRAINED_ON:
        return _unknown(few)
    try:
        mine = _by_older(plan, split, fitted, older)
    except TrainingError as error:
        return _unknown(str(error))
    if mine is None:
        return _unknown("the older training rows lack a class")
    theirs = both[1] if reason is None else None
    found = part(plan, split.truth(plan), (mine, theirs), newest)
    told = None if plan.columns[plan.origin.event_time].sensitive else after.isoformat()
    return {"after": told, "fitted_on": int(older.sum()), **(found or {}), "reason": reason}


def _unknown(reason: str) -> dict[str, Any]:
    report("forward not measured", reason=reason)
    return {"rows": 0, "candidate": None, "champion": None, "difference": None, "reason": reason}


def _moment(
    plan: Plan, split: Split, champion: Champion | None, judged: pd.Series, usual: pd.Timestamp
) -> tuple[pd.Timestamp, str | None]:
    """The moment after which rows are the newest, and the reason why the champion is not compared there."""
    if champion is None:
        return usual, None
    names = [name for name in champion.datasets if name in plan.origin.datasets]
    known = np.isin(split.all_places, [plan.origin.datasets.index(name) for name in names])
    assert split.times is not None
    latest = split.times[known].max()
    if len(names) < len(champion.datasets) and pd.isna(latest):
        return usual, "the window holds none of the champion's datasets, so its newest row is not known"
    latest = max(usual, latest) if not pd.isna(latest) else usual
    rows = int((judged > latest).sum())
    if rows >= max(_FEWEST_JUDGED_ON, plan.gate.min_rows):
        return latest, None
    return usual, (
        f"{rows} held-out rows are newer than all that the champion was trained on, at least {plan.gate.min_rows} are "
        "needed (gate.min_rows)"
    )


def _by_older(plan: Plan, split: Split, fitted: Fitted, older: Mask) -> Scored | None:
    """The predictions for all held-out rows, after a fit on older rows alone; None if these lack a class."""
    classes = list(fitted.model.manifest["classes"] or ())
    rows = split.train[older]
    numbers = fitting.targets(plan, rows, classes)
    if classes and len(np.unique(numbers)) < len(classes):
        return None
    ways = encodings.recorded(fitted.model.manifest)
    with trial("fit on older rows alone, to judge on the newest"):
        model = replace(fitted.model, pipeline=fitting.pipeline_on(plan, rows, numbers, classes, ways))
    return Scored("candidate", classes, model.manifest["threshold"], model.predict(split.held_out).values)
