"""The condition of an alarm: from the datapoints of its evaluation range to its state and reason.

Missing datapoints are treated as in the tables of
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

OK, ALARM, UNKNOWN = "OK", "ALARM", "INSUFFICIENT_DATA"
EXTRA_PERIODS = 2  # periods that are looked at beyond EvaluationPeriods; AWS does not say how many they are
_COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
_TREATED = {"breaching": "Breaching", "notBreaching": "NonBreaching"}


@dataclass(frozen=True)
class AlarmCondition:
    """The threshold and the treatment of missing data of an alarm.

    Args:
        comparison: the ComparisonOperator.
        threshold: the Threshold.
        periods: EvaluationPeriods.
        needed: DatapointsToAlarm.
        missing: TreatMissingData.
    """

    comparison: str
    threshold: float
    periods: int
    needed: int
    missing: str

    def breaches(self, value: float) -> bool:
        """True if a value breaches the threshold."""
        return _COMPARISONS[self.comparison][0](value, self.threshold)


@dataclass(frozen=True)
class Evaluation:
    """A state, its reason, and the evaluated datapoints (start of the period, value), oldest first."""

    state: str
    reason: str
    points: list[tuple[float, float]]


def evaluate_condition(rule: AlarmCondition, points: Sequence[tuple[float, float | None]], state: str) -> Evaluation:
    """Evaluates the condition.

    Args:
        rule: the alarm's.
        points: the whole evaluation range, from the oldest on; None where a datapoint is missing.
        state: the present state, which is kept when too little is known.
    """
    real = [(moment, value) for moment, value in points if value is not None][-rule.periods :]
    breaching = sum(rule.breaches(value) for _, value in real)
    filled = rule.periods - len(real)
    if not real and rule.missing == "missing":
        sentence = f"{rule.periods} datapoint{'s were' if rule.periods > 1 else ' was'} unknown"
        return Evaluation(UNKNOWN, f"Insufficient Data: {sentence}.", [])
    if rule.missing == "breaching":
        new = ALARM if breaching + filled >= rule.needed else OK
    elif breaching >= rule.needed:
        new = ALARM
    elif rule.missing == "notBreaching" or not filled or breaching < len(real):
        new = OK
    elif rule.missing == "missing" and _is_old_enough(rule, points):
        new = ALARM
    else:  # too little is known
        return Evaluation(state, "", real)
    return Evaluation(new, _reason(rule, real, filled, new, state), real)


def _is_old_enough(rule: AlarmCondition, points: Sequence[tuple[float, float | None]]) -> bool:
    """True if the oldest known datapoint is at least DatapointsToAlarm periods old: AWS avoids premature alarms."""
    recent = [value for _, value in points[-rule.periods :]]
    ages = [len(recent) - index for index, value in enumerate(recent) if value is not None]
    return bool(ages) and max(ages) >= rule.needed


def _reason(rule: AlarmCondition, real: list[tuple[float, float]], filled: int, new: str, state: str) -> str:
    treated = _TREATED.get(rule.missing)
    missing = f"{filled} missing datapoint{'s were' if filled > 1 else ' was'} treated as [{treated}]"
    if not real:
        return (
            f"Threshold Crossed: no datapoints were received for {rule.periods} period{'s' * (rule.periods > 1)} and "
            f"{missing}."
        )
    shown = [(moment, value) for moment, value in real if rule.breaches(value) == (new == ALARM)] or real
    listed = ", ".join(f"{value} ({_stamp(moment)})" for moment, value in reversed(shown))
    verb = ("was" if len(shown) == 1 else "were") + ("" if new == ALARM else " not")
    rest = f" and {missing}" if filled and treated else ""
    needed = rule.needed if new == ALARM else rule.periods - rule.needed + 1
    return (
        f"Threshold Crossed: {len(shown)} out of the last {rule.periods} datapoints [{listed}] {verb} "
        f"{_COMPARISONS[rule.comparison][1]} the threshold ({rule.threshold}){rest} (minimum {needed} "
        f"datapoint{'s' * (needed > 1)} for {OK if new == ALARM else ALARM} -> {new} transition)."
    )


def _stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%d/%m/%y %H:%M:%S")
