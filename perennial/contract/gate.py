"""The gate of a model: floors, fairness limits, value in money, slices, behaviour tests and approval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from perennial.contract.columns import Value
from perennial.contract.part import Part, required, setting

FairnessMeasure = Literal["selection_rate", "true_positive_rate", "false_positive_rate", "calibration", "error"]
#: a number, or arithmetic over the row's numeric columns such as `0.02 * amount`
Amount = int | float | str


@dataclass(frozen=True)
class Threshold(Part):
    """The probability from which a binary model predicts 'positive', and how it is chosen."""

    aim: Literal["fixed", "value", "f_beta", "recall_at_precision"] = setting(
        "fixed", "The aim by which the threshold is chosen, on folds of the training rows."
    )
    at: float = setting(0.5, "With 'fixed': the threshold itself.", ge=0, le=1)
    beta: float = setting(1.0, "With 'f_beta': the weight of recall relative to precision.", gt=0)
    precision: float = setting(0.8, "With 'recall_at_precision': the minimum precision.", ge=0, le=1)
    folds: int = setting(3, "Folds of the training rows.", ge=2, le=20)


@dataclass(frozen=True)
class Fairness(Part):
    """Limits for the groups of one sensitive column, or of two crossed.

    Differences and ratios are between the two groups that are furthest apart, as Fairlearn defines them.
    """

    columns: tuple[str, ...] = required("One column, or two that are crossed.", min_length=1, max_length=2)
    groups: tuple[Value, ...] | None = setting(
        None, "Compare these two groups of one column alone.", min_length=2, max_length=2
    )
    max_difference: Mapping[FairnessMeasure, float] = setting(
        dict, "The largest difference allowed between two groups, per measure."
    )
    min_ratio: Mapping[FairnessMeasure, float] = setting(
        dict, "The smallest ratio allowed between two groups, per measure."
    )
    min_rows: int = setting(100, "Smaller groups are reported and not compared.", ge=1)


@dataclass(frozen=True)
class Money(Part):
    """The value of a prediction. Amounts are numbers, or arithmetic over a row's numeric columns."""

    currency: str = setting("USD", "The unit of the amounts.", max_length=8)
    tp: Amount = setting(0.0, "Binary: a true positive.")
    fp: Amount = setting(0.0, "Binary: a false positive.")
    fn: Amount = setting(0.0, "Binary: a false negative.")
    tn: Amount = setting(0.0, "Binary: a true negative.")
    right: Amount = setting(0.0, "Multiclass: the predicted class is right.")
    wrong: Amount = setting(0.0, "Multiclass: the predicted class is wrong.")
    over: Amount = setting(0.0, "Regression: for each unit predicted too much; a cost is negative.")
    under: Amount = setting(0.0, "Regression: for each unit predicted too little; a cost is negative.")
    rows_per_month: int | None = setting(None, "Predictions per month.", ge=1)
    floor: float | None = setting(None, "The minimum value per row.")
    margin: float = setting(0.0, "The accepted loss of value per row relative to the champion.", ge=0)
    max_missing_rate: float = setting(
        0.0,
        "The share of rows whose amount may be unknown because of a null; they are left out and counted.",
        ge=0,
        le=1,
    )


@dataclass(frozen=True)
class Slice(Part):
    """Rows that are examined on their own: those where every named column has the value, or one of the values."""

    name: str = required("The name in reports.", min_length=1, max_length=64)
    where: Mapping[str, Value | tuple[Value, ...]] = required("Columns with the value, or values, of the slice.")
    floor: float | None = setting(None, "The worst value of the metric that is allowed in this slice.")


@dataclass(frozen=True)
class Slices(Part):
    """Slices where a model is worse than on all rows."""

    named: tuple[Slice, ...] = setting((), "Slices that are always measured.")
    columns: tuple[str, ...] | None = setting(
        None, "The search examines their values, alone and in pairs. Default: all features."
    )
    metric: str | None = setting(None, "The metric by which slices are compared. Default: the gate's metric.")
    min_rows: int = setting(200, "Smaller slices are not compared.", ge=20)
    margin: float | None = setting(None, "The accepted loss of the metric in any slice relative to the champion.", ge=0)
    max_gap: float | None = setting(None, "The accepted gap of the metric between a slice and all other rows.", ge=0)


@dataclass(frozen=True)
class Behaviour(Part):
    """A statement about the model that held-out rows must confirm."""

    name: str = required("The name in reports.", min_length=1, max_length=64)
    kind: Literal["invariance", "direction", "answer"] = required("The kind of the test.")
    set: Mapping[str, Value] = setting(dict, "Columns that get another value.")
    add: Mapping[str, float] = setting(dict, "Numeric columns to which a number is added.")
    score: Literal["must_not_fall", "must_not_rise"] = setting("must_not_fall", "With 'direction'.")
    tolerance: float = setting(0.0, "The accepted change of a score against the rule.", ge=0)
    max_failure_rate: float = setting(0.0, "The share of rows that may fail.", ge=0, le=1)
    rows: int = setting(500, "The number of held-out rows that are tested.", ge=1, le=100_000)
    row: Mapping[str, Value | None] = setting(dict, "With 'answer': the row to predict.")
    at_least: float | None = setting(None, "With 'answer': the minimum probability or value.")
    at_most: float | None = setting(None, "With 'answer': the maximum probability or value.")
    label: Value | None = setting(
        None,
        "With 'answer': the class that must be predicted. Multiclass: the class whose probability is the score.",
    )


@dataclass(frozen=True)
class Forward(Part):
    """Checks on the newest held-out rows by event time; they need `split: {time: true}`."""

    floors: Mapping[str, float] = setting(dict, "The worst value allowed there, per metric; of a loss, the greatest.")
    champion: bool = setting(False, "Also compare candidate and champion there, by the gate's test and margin.")


@dataclass(frozen=True)
class Approval(Part):
    """The conditions under which a release needs an approval."""

    ask: Literal["never", "doubt", "always"] = setting(
        "never", "'doubt': where the rows cannot tell, instead of keeping the champion at once."
    )
    hours: float = setting(72, "Without an answer for so many hours, the champion stays.", gt=0, le=24 * 30)
    uploader_may_approve: bool = setting(
        False, "An approval also counts by the principal who uploaded the dataset: for a team of one person."
    )


@dataclass(frozen=True)
class Gate(Part):
    """The checks that a candidate must pass before it may serve."""

    metric: str = setting("", "The metric by which candidate and champion are compared. Default: the problem's first.")
    floors: Mapping[str, float] = setting(dict, "The worst value allowed, per metric; of a loss, the greatest.")
    baseline: Literal["refuse", "ask", "off"] = setting(
        "refuse",
        "A first model that is not surely better than a constant answer on the held-out rows is refused, or approval "
        "is asked for.",
    )
    test: Literal["non_inferior", "superior"] = setting(
        "non_inferior", "'superior': the candidate must be surely better; else not surely worse than the margin."
    )
    margin: float = setting(
        0.01, "The margin: the accepted loss of a non-inferior candidate, the required gain of a superior one.", ge=0
    )
    confidence: float = setting(0.95, "The confidence of the intervals.", gt=0.5, lt=1)
    resamples: int = setting(1000, "The number of bootstrap resamples.", ge=100, le=10_000)
    min_rows: int = setting(100, "With fewer held-out rows the check is unsure.", ge=10)
    min_per_class: int = setting(
        10, "With fewer rows of a class a binary check is unsure, a multiclass one leaves it out.", ge=1
    )
    forgetting: float | None = setting(
        None, "The accepted loss of the metric on older held-out rows. Default: margin.", ge=0
    )
    relabelled: float = setting(
        0.1, "The share of known keys whose label an upload may change; beyond it approval is asked for.", ge=0, le=1
    )
    fall: float = setting(
        0.5,
        "The share of its advantage over a constant answer that a champion may lose on rows it knows; beyond it "
        "approval is asked for.",
        gt=0,
    )
    forward: Forward = setting(Forward(), "Checks on the newest held-out rows by event time.")
    quantile: float = setting(0.5, "Regression: the quantile of the pinball loss.", gt=0, lt=1)
    threshold: Threshold = setting(Threshold(), "The operating threshold of a binary model.")
    fairness: tuple[Fairness, ...] = setting((), "Limits between groups.")
    value: Money | None = setting(None, "The value of a prediction in money.")
    slices: Slices = setting(Slices(), "Slices where a model is worse than on all rows.")
    behaviour: tuple[Behaviour, ...] = setting((), "Statements about the model that held-out rows must confirm.")
    approval: Approval = setting(Approval(), "The conditions under which a release needs an approval.")
