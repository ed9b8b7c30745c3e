"""What a spec asks of a candidate: accuracy, fairness, money, slices, behaviour, and a person's word."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from perennial.spec.part import Part, Share, Value, part

FairnessMeasure = Literal[
    "selection_rate", "true_positive_rate", "false_positive_rate", "calibration", "error",
]  # fmt: skip
#: a number, or arithmetic over the row's numeric columns such as `0.02 * amount`
Amount = Annotated[float | str, Field(union_mode="left_to_right")]


class Threshold(Part):
    """From which probability on a binary model says 'positive'."""

    aim: Literal["fixed", "value", "f_beta", "recall_at_precision"] = Field(
        "fixed", description="What the threshold is chosen for, on folds of the training rows."
    )
    at: Share = Field(0.5, description="With 'fixed': the threshold itself.")
    beta: float = Field(1.0, gt=0, description="With 'f_beta': how many times recall counts against precision.")
    precision: Share = Field(0.8, description="With 'recall_at_precision': the least precision.")
    folds: int = Field(3, ge=2, le=20, description="Of the training rows, for choosing it.")


class Fairness(Part):
    """Limits for the groups of one sensitive column, or of two crossed.

    Gaps are differences between the groups that are furthest apart, ratios their quotient, as Fairlearn has them.
    """

    columns: tuple[str, ...] = Field(min_length=1, max_length=2, description="One column, or two that are crossed.")
    groups: tuple[Value, Value] | None = Field(None, description="Compare these two groups of one column alone.")
    most_apart: dict[FairnessMeasure, float] = Field(
        default_factory=dict, description="The largest difference allowed between two groups, per measure."
    )
    least_ratio: dict[FairnessMeasure, Share] = Field(
        default_factory=dict, description="The smallest quotient allowed between two groups, per measure."
    )
    min_rows: int = Field(100, ge=1, description="Smaller groups are reported, not judged.")


class Money(Part):
    """What a prediction is worth. Amounts are numbers, or arithmetic over a row's numeric columns."""

    currency: str = Field("USD", max_length=8)
    tp: Amount = Field(0.0, description="Binary: a positive that was found.")
    fp: Amount = Field(0.0, description="Binary: a negative that was taken for a positive.")
    fn: Amount = Field(0.0, description="Binary: a positive that was missed.")
    tn: Amount = Field(0.0, description="Binary: a negative that was left alone.")
    right: Amount = Field(0.0, description="Multiclass: the class was right.")
    wrong: Amount = Field(0.0, description="Multiclass: the class was wrong.")
    over: Amount = Field(0.0, description="Regression: for each unit predicted too much; a cost is negative.")
    under: Amount = Field(0.0, description="Regression: for each unit predicted too little; a cost is negative.")
    rows_per_month: int | None = Field(None, ge=1, description="How many predictions a month brings.")
    floor: float | None = Field(None, description="The least value per row.")
    margin: float = Field(0.0, ge=0, description="By how much less per row than the champion it may surely bring.")
    may_lack: Share = Field(
        0.0, description="The share of rows whose amount may be unknown, for a null; they are left out and counted."
    )


class Slice(Part):
    """Rows that deserve a look of their own: those where every named column has the value, or one of the values."""

    name: str = Field(min_length=1, max_length=64)
    where: dict[str, Value | tuple[Value, ...]] = Field(min_length=1)
    floor: float | None = Field(None, description="The worst figure allowed in this slice.")


class Slices(Part):
    """Where a model is worse than on the whole."""

    named: tuple[Slice, ...] = Field((), description="Slices that are always looked at.")
    columns: tuple[str, ...] | None = Field(
        None, description="The search looks at their values, alone and in pairs. Default: all features."
    )
    metric: str | None = Field(None, description="What slices are compared by. Default: the gate's metric.")
    min_rows: int = Field(200, ge=20, description="Smaller slices are not judged.")
    margin: float | None = Field(
        None, ge=0, description="By how much the candidate may surely be worse than the champion in any slice."
    )
    most_worse: float | None = Field(
        None, ge=0, description="By how much a slice may surely be worse than all other rows."
    )


class Behaviour(Part):
    """A sentence about the model that held-out rows must bear out."""

    name: str = Field(min_length=1, max_length=64)
    kind: Literal["invariance", "direction", "answer"]
    set: dict[str, Value] = Field(default_factory=dict, description="Columns that get another value.")
    add: dict[str, float] = Field(default_factory=dict, description="Numeric columns to which something is added.")
    score: Literal["must_not_fall", "must_not_rise"] = Field("must_not_fall", description="With 'direction'.")
    tolerance: float = Field(0.0, ge=0, description="How far a score may move against the rule.")
    may_fail: Share = Field(0.0, description="The share of rows that may fail.")
    rows: int = Field(500, ge=1, le=100_000, description="How many held-out rows are tried.")
    row: dict[str, Value | None] = Field(default_factory=dict, description="With 'answer': the row that is asked.")
    at_least: float | None = Field(None, description="With 'answer': the least probability or value.")
    at_most: float | None = Field(None, description="With 'answer': the greatest probability or value.")
    label: Value | None = Field(
        None, description="With 'answer': the class that must be said. Multiclass: whose probability is the score."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Behaviour:
        if self.kind == "answer":
            if not self.row:
                raise ValueError("an answer needs a row")
            if self.at_least is None and self.at_most is None and self.label is None:
                raise ValueError("an answer needs at_least, at_most or label")
        elif not (self.set or self.add):
            raise ValueError(f"{self.kind} needs something to change: set or add")
        return self


class Approval(Part):
    """When a person is asked before a candidate is released."""

    ask: Literal["never", "doubt", "always"] = Field(
        "never", description="'doubt': where the rows cannot tell, instead of keeping the champion at once."
    )
    hours: float = Field(72, gt=0, le=24 * 30, description="Without an answer for so long, the champion stays.")


class Gate(Part):
    """What a candidate must reach before it may serve."""

    metric: str | None = Field(None, description="What candidate and champion are compared by.")
    floors: dict[str, float] = Field(default_factory=dict, description="The worst figure allowed, per metric.")
    test: Literal["non_inferior", "superior"] = Field(
        "non_inferior", description="Must the candidate be surely better, or only not surely worse than the margin?"
    )
    margin: float = Field(
        0.01, ge=0, description="How much worse a non-inferior candidate may be, how much better a superior one is."
    )
    confidence: float = Field(0.95, gt=0.5, lt=1, description="Of the intervals.")
    resamples: int = Field(1000, ge=100, le=10_000, description="Of the bootstrap.")
    min_rows: int = Field(100, ge=10, description="With fewer held-out rows nothing can be told.")
    min_per_class: int = Field(10, ge=1, description="With fewer rows of a class nothing can be told.")
    forgetting: float | None = Field(
        None, ge=0, description="By how much the candidate may surely be worse on older held-out rows. Default: margin."
    )
    quantile: float = Field(0.5, gt=0, lt=1, description="Regression: of the pinball loss.")
    threshold: Threshold = part()
    fairness: tuple[Fairness, ...] = ()
    value: Money | None = None
    slices: Slices = part()
    behaviour: tuple[Behaviour, ...] = ()
    approval: Approval = part()
