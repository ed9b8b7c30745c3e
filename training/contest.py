"""Both candidates of a run under `training.update: amend`, judged on the same rows; the better one is kept."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from perennial.contract.plan import Plan
from perennial.gate.choice import AMENDED, FULL, Choice, choose
from training import amending, evaluation, fitting, judging
from training.amending import Amended
from training.fitting import Fitted
from training.isolation import pipeline as isolation
from training.job import Paths, print_place, report
from training.judging import Rival
from training.split import Split
from training.updates import NotAmendableError


def without_memory(plan: Plan, split: Split) -> Split:
    """The same held-out rows, and the training rows of the window; those before it are not for a full training."""
    if not plan.memory:
        return split
    window, own = copy.copy(split), split.train_places >= plan.memory
    window.train = split.train[own].reset_index(drop=True)
    window.train_hashes, window.train_places = split.train_hashes[own], split.train_places[own]
    return window


def judge(
    plan: Plan, split: Split, fitted: Fitted, rival: Rival, paths: Paths, scratch: Path
) -> tuple[Fitted, dict[str, Any]]:
    """Judges the full candidate and, if the plan asks for it, an amended one.

    Returns the candidate that is taken, whose files are in the job's folders, and the content of evaluation.json about
    it; the member `update` tells of both.
    """
    full = judging.judge(plan, without_memory(plan, split), fitted, rival, paths.output)
    if plan.update == "full" or plan.champion is None:
        return fitted, full
    try:
        if rival.champion is None:
            raise NotAmendableError(f"the champion cannot be used: {rival.reason}")
        amended = amending.grow(plan, split, rival.champion.verified(), scratch / "amended")
    except NotAmendableError as error:
        if error.__cause__ is not None:
            print_place(error.__cause__)
        report("not amended", reason=str(error))
        return fitted, full | {"update": {"taken": FULL, "sentence": f"There is no amended candidate: {error}."}}
    judged = judging.judge(plan, split, amended.fitted, rival, scratch / "judged")
    both = {name: {"format": evaluation.FORMAT, **each} for name, each in ((FULL, full), (AMENDED, judged))}
    choice = choose(both, plan.gate)
    report("chosen", taken=choice.taken)
    update = {"update": _told(plan, choice, both, amended)}
    if choice.taken == FULL:
        return fitted, full | update
    _move(scratch, paths)
    model = isolation.load(paths.model, fitting.CODE)
    return replace(amended.fitted, model=model, served=model), judged | update


def _move(scratch: Path, paths: Paths) -> None:
    """The amended candidate's files take the place of the full one's."""
    shutil.rmtree(paths.model)
    shutil.copytree(scratch / "amended", paths.model)
    for file in (scratch / "judged").iterdir():
        shutil.copyfile(file, paths.output / file.name)


def _told(plan: Plan, choice: Choice, evaluations: Mapping[str, Any], amended: Amended) -> dict[str, Any]:
    """The member `update` of evaluation.json."""
    return {
        "taken": choice.taken,
        "sentence": choice.sentence,
        "grown_from": amended.grown_from if choice.taken == AMENDED else "",
        "new": amended.new,
        "replayed": amended.replayed,
        "unseen": dict(amended.unseen),
        "candidates": {
            name: {
                "digest": each["candidate"]["digest"],
                "outcome": choice.decisions[name].outcome,
                "decision": choice.decisions[name].sentence,
                "metric": each["candidate"]["metrics"][plan.gate.metric],
                "parts": {side: _part(plan, each["parts"][side]) for side in ("older", "newest")},
            }
            for name, each in evaluations.items()
        },
    }


def _part(plan: Plan, part: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The metric of the candidate and its difference to the champion's on some rows."""
    if part is None:
        return None
    difference = (part["difference"] or {}).get(plan.gate.metric)
    return {"rows": part["rows"], "metric": part["candidate"][plan.gate.metric], "difference": difference}
