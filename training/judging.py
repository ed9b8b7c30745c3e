"""Candidate and champion on the same held-out rows, and what leaves the job about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training import evaluation
from training.champion import Champion, UnscorableError
from training.evaluation import Scored
from training.fitting import CODE
from training.model import Model, environment
from training.plan import Plan
from training.progress import report
from training.rows import Split


@dataclass
class Rival:
    """The champion, as far as it can be asked: at work, or the reason why not, or neither where none serves yet."""

    champion: Champion | None = None
    reason: str | None = None

    @classmethod
    def start(cls, plan: Plan, folder: Path, split: Split, scratch: Path) -> Rival:
        """Let the champion begin; `folder` holds its archive, `scratch` is for what it needs."""
        if plan.champion is None:
            return cls()
        try:
            archive = folder / plan.champion.archive
            return cls(Champion.start(plan, archive, split.held_out, scratch, CODE))
        except UnscorableError as error:
            return cls(reason=str(error))

    def finish(self, classes: list[Any], problem: str) -> Scored | None:
        """Its answers; None, and the reason kept, where there are none that can be compared."""
        if self.champion is not None:
            try:
                values = self.champion.finish()
                if problem != "binary" or self.champion.classes == classes:
                    return Scored("champion", self.champion.classes, self.champion.threshold, values)
                self.reason = f"its classes are {self.champion.classes}, now they are {classes}"
            except UnscorableError as error:
                self.reason = str(error)
        if self.reason:
            report("champion not scored", reason=self.reason)
        return None

    def stop(self) -> None:
        """Leave no process behind."""
        if self.champion is not None:
            self.champion.stop()


def judge(plan: Plan, split: Split, model: Model, rival: Rival, folder: Path) -> dict[str, Any]:
    """Write predictions.parquet to `folder` and give the figures for evaluation.json."""
    folder.mkdir(parents=True, exist_ok=True)
    classes = list(model.manifest["classes"] or ())
    mine = Scored("candidate", classes, model.manifest["threshold"], model.predict(split.held_out).values)
    theirs = rival.finish(classes, plan.problem)
    models = [mine] if theirs is None else [mine, theirs]
    table = folder / "predictions.parquet"
    evaluation.write_predictions(table, plan, split.held_out, split.held_out_hashes, models)
    actual = split.held_out[plan.target]
    compared = evaluation.compare(plan, actual, mine, theirs)
    champion: dict[str, Any] | None = None
    if plan.champion:
        champion = {"version": plan.champion.version, "figures": evaluation.as_dicts(compared.champion)}
        champion |= {"reason": rival.reason} if rival.reason else {}
    counts = evaluation.side_counts(plan, actual, classes)
    return {
        "problem": plan.problem,
        "confidence": plan.confidence,
        "rows": {"train": len(split.train), "held_out": len(split.held_out), **counts},
        "candidate": {"digest": model.digest, "figures": evaluation.as_dicts(compared.candidate)},
        "champion": champion,
        "difference": evaluation.as_dicts(compared.difference) if theirs else None,
        "environment": environment(),
    }
