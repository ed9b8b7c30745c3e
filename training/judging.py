"""Evaluation of candidate and champion on the same held-out rows, and the output of the job about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial.contract.plan import Plan
from perennial.contract.values import written
from perennial.estimation.estimate import Estimation
from perennial.estimation.seasonal import promised
from perennial.gate.measuring import behaviour, fairness, slices, value
from perennial.gate.measuring.columns import values_of
from perennial.gate.measuring.evaluation import Measured
from perennial.gate.measuring.pictures import pictures
from training import baseline, copies, evaluation, forward, overwrites, prequential
from training.artifact import environment
from training.champion import Champion, UnscorableError
from training.comparison import Common, Compared, compare, parts
from training.evaluation import Floats, Scored
from training.fitting import CODE, Fitted
from training.job import report
from training.labels import other_classes
from training.split import Split


@dataclass
class Rival:
    """The champion: predicting, or the reason why it cannot, or neither if there is no champion yet."""

    champion: Champion | None = None
    reason: str | None = None
    fresh: Scored | None = None
    _compared: Scored | None = None

    @classmethod
    def start(cls, plan: Plan, folder: Path, split: Split, scratch: Path) -> Rival:
        """Starts the champion's prediction; `folder` holds its archive, `scratch` its temporary files."""
        if plan.champion is None:
            return cls()
        try:
            champion = Champion(plan, folder / plan.champion.archive, scratch, CODE)
            champion.start(split.held_out, prequential.rows(plan, split, champion.datasets))
            return cls(champion)
        except UnscorableError as error:
            return cls(reason=str(error))

    def finish(self, plan: Plan, classes: list[Any]) -> Scored | None:
        """Its predictions for the held-out rows, the same again when asked again; None, with the reason kept, if they
        cannot be compared. Those for fresh rows are kept.
        """
        if self._compared is not None:
            return self._compared
        if self.champion is not None and self.reason is None:
            try:
                values, *others = (self._scored(each) for each in self.champion.finish())
                self.fresh = next(iter(others), None)
                if plan.problem != "binary" or self.champion.classes == classes:
                    self._compared = values
                    return values
                self.reason = other_classes(plan, self.champion.classes, classes)
            except UnscorableError as error:
                self.reason = str(error)
        if self.reason:
            report("champion not scored", reason=self.reason)
        return None

    def _scored(self, values: Floats) -> Scored:
        assert self.champion is not None
        return Scored("champion", self.champion.classes, self.champion.threshold, values)

    def stop(self) -> None:
        """Stops its process."""
        if self.champion is not None:
            self.champion.stop()


def judge(plan: Plan, split: Split, fitted: Fitted, rival: Rival, folder: Path) -> dict[str, Any]:
    """Writes predictions.parquet to `folder`. Returns evaluation.json's content, without the facts of the fit."""
    folder.mkdir(parents=True, exist_ok=True)
    model = fitted.model
    classes = list(model.manifest["classes"] or ())
    mine = Scored("candidate", classes, model.manifest["threshold"], model.predict(split.held_out).values)
    theirs = rival.finish(plan, classes)
    models = [mine] if theirs is None else [mine, theirs]
    table = folder / "predictions.parquet"
    evaluation.write_predictions(table, plan, split.held_out, split.held_out_hashes, models)
    return {
        **_compared(plan, split, fitted, (mine, theirs), rival),
        "prequential": prequential.measure(plan, split, rival.champion, rival.fresh),
        "environment": environment(),
    }


def _compared(
    plan: Plan, split: Split, fitted: Fitted, both: tuple[Scored, Scored | None], rival: Rival
) -> dict[str, Any]:
    """The sections about the held-out rows; those that the champion may have seen are left out."""
    everything = split
    fit, (mine, theirs) = _fit_to_compare(plan, split, both, rival)
    if not fit.rows.all():
        split, mine, theirs = split.judged_on(fit.rows), mine.where(fit.rows), theirs and theirs.where(fit.rows)
    truth = split.truth(plan)
    whole = compare(plan, truth, mine, theirs)
    common = Common.of_whole(plan, whole)
    return {
        "problem": plan.problem,
        "metric": plan.gate.metric,
        "confidence": plan.gate.confidence,
        "resamples": whole.resamples.count,
        "rows": _rows(plan, split, fitted, whole) | ({"redivided": fit.redivided} if fit.redivided else {}),
        "candidate": {"digest": fitted.served.digest, **_told(whole, whole.comparison.candidate, mine)},
        "champion": _champion(plan, whole, theirs, rival.reason),
        "difference": whole.comparison.difference if theirs else None,
        "common": common and common.compare(plan, truth, mine, theirs),
        "baseline": baseline.measure(plan, split, mine, common),
        "parts": parts(plan, truth, (mine, theirs), split.newest, whole),
        "overwrites": overwrites.measured(plan, split, mine, theirs),
        "near_duplicates": copies.measured(plan, everything, (both[0], theirs and both[1]), fit),
        "forward": forward.measure(plan, split, fitted, (mine, theirs), rival.champion),
        "threshold": asdict(fitted.threshold) if fitted.threshold else None,
        "curves": _curves(whole),
        **_of_traffic(plan, split, whole),
        **_judged(plan, split, whole, fitted),
    }


def _fit_to_compare(
    plan: Plan, split: Split, both: tuple[Scored, Scored | None], rival: Rival
) -> tuple[copies.Unseen, tuple[Scored, Scored | None]]:
    """The rows to judge on, and the predictions; the champion's are left out if it has seen nearly all rows."""
    fit = copies.unseen(plan, split, rival.champion if both[1] else None)
    if fit.rows.sum() >= copies.FEWEST:
        return fit, both
    rival.reason = f"it has seen rows like all but {fit.rows.sum()} of the held-out rows"
    return copies.unseen(plan, split, None), (both[0], None)


def _judged(plan: Plan, split: Split, whole: Compared, fitted: Fitted) -> dict[str, Any]:
    """The sections beyond accuracy: fairness, value, slices; and behaviour, which is tested on the served model."""
    model = fitted.served
    gate, rows, resamples = plan.gate, split.held_out, whole.resamples
    features = list(plan.features)
    classes, threshold = model.manifest["classes"] or (), model.manifest["threshold"]

    def predict(changed: pd.DataFrame) -> NDArray[np.float64]:
        return model.predict(changed).values

    return {
        "fairness": fairness.measure(gate.fairness, rows, whole.candidate, resamples, plan.gate.confidence),
        "value": value.measure(gate.value, rows, whole.candidate, whole.champion, resamples, plan.gate.confidence),
        "slices": slices.measure(gate, rows, whole.candidate, whole.champion, resamples, features),
        "behaviour": behaviour.measure(gate.behaviour, rows[features], predict, classes, threshold),
    }


def _of_traffic(plan: Plan, split: Split, whole: Compared) -> dict[str, Any]:
    """The sections that monitoring compares live traffic with: estimates without labels, and metrics of seasons."""
    columns = [name for name, column in plan.features.items() if column.type != "text"]
    classes = [written(value) for value in whole.known]
    time = plan.origin.event_time
    values = None if time is None or time not in split.held_out else values_of(split.held_out[time])
    return {
        "estimation": Estimation.fit(whole.candidate, split.held_out, columns, classes).to_json(),
        "seasons": {} if values is None else promised(plan.gate, values.times(), split.held_out, whole.candidate),
    }


def _rows(plan: Plan, split: Split, fitted: Fitted, whole: Compared) -> dict[str, int]:
    newest, held_out = int(split.newest.sum()), len(split.held_out)
    sides = dict(zip(("negatives", "positives"), whole.counts, strict=True)) if plan.problem == "binary" else {}
    counts = {"train": len(split.train), "held_out": held_out, "newest": newest, "older": held_out - newest, **sides}
    repeats = {name: number for name, number in asdict(split.repeats).items() if len(plan.origin.datasets) > 1}
    return counts | repeats | ({"refitted": fitted.rows} if fitted.served is not fitted.model else {})


def _told(whole: Compared, measured: Measured, scored: Scored) -> dict[str, Any]:
    classes = whole.of_classes(measured)
    return {"threshold": scored.threshold, "metrics": measured.metrics, "classes": classes}


def _champion(plan: Plan, whole: Compared, theirs: Scored | None, reason: str | None) -> dict[str, Any] | None:
    if plan.champion is None:
        return None
    version = {"version": plan.champion.version}
    if theirs is None or whole.comparison.champion is None:
        return {**version, "metrics": {}, "threshold": None, "reason": reason}
    return {**version, **_told(whole, whole.comparison.champion, theirs)}


def _curves(whole: Compared) -> dict[str, Any]:
    theirs = whole.champion and pictures(whole.champion, whole.names)
    return {"candidate": pictures(whole.candidate, whole.names), "champion": theirs}
