"""A column that alone nearly gives the target: named by the training job, by `init` and by `check`, shown in reports.

Apart from the measurement (perennial.leakage), because reports are made without NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass

from perennial.contract.part import Part

#: the ROC AUC of classes, or the R2 of numbers, from which a column is named
THRESHOLD = 0.98


@dataclass(frozen=True)
class Leak(Part):
    """A column with the score of a model that sees nothing else, or nothing but it and `others`.

    `metric` is roc_auc or r2, `score` is from THRESHOLD to 1.
    """

    column: str
    metric: str
    score: float
    others: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The question that a person has to answer."""
        share = min(int(self.score * 100), 99) if self.score < 1 else 100
        name, *others = (each or "a column without a name" for each in (self.column, *self.others))
        if others:
            return (
                f"{name} and {', '.join(others)} together explain {share}%: are they known when the question is asked?"
            )
        return f"{name} alone explains {share}%: is it known when the question is asked?"
