"""Metric math: what an expression makes of other metrics' values, period by period.

A series is {moment: value}; a moment without a value is missing. As on AWS a missing value, and a division by 0, make
the result missing there. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence

from embedded.metrics.metric_math_parser import ExpressionError, Node

Series = Mapping[float, float]
Value = float | Series | list[Series]

_OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "&&": lambda left, right: bool(left) and bool(right),
    "||": lambda left, right: bool(left) or bool(right),
}
_MAPPED: dict[str, Callable[[float], float]] = {
    "ABS": abs,
    "CEIL": math.ceil,
    "FLOOR": math.floor,
    "LOG": math.log,
    "LOG10": math.log10,
}
_FOLDED: dict[str, Callable[[Sequence[float]], float]] = {
    "SUM": math.fsum,
    "AVG": lambda values: math.fsum(values) / len(values),
    "MIN": min,
    "MAX": max,
}
FUNCTIONS = (*_MAPPED, *_FOLDED, "FILL", "IF", "METRICS", "PERIOD")


def evaluate(node: Node, values: Mapping[str, Series], timeline: Sequence[float], period: float) -> Value:
    """The value of an expression.

    Args:
        node: the expression.
        values: the series of each id that it names.
        timeline: the moments there are, from the oldest on, which FILL fills.
        period: seconds between two of them, in the cloud's time.

    Raises:
        ExpressionError: an operation is given what it cannot work with.
    """

    def value(part: Node) -> Value:
        return evaluate(part, values, timeline, period)

    if node.kind == "number":
        return float(node.text)
    if node.kind == "name":
        return values[node.text]
    if node.kind == "list":
        return [series(value(part), timeline) for part in node.parts]
    if node.kind != "call":
        left, right = (value(part) for part in node.parts)
        return _combine(_OPERATORS[node.kind], left, right)
    if node.text == "FILL":
        return _fill(value(node.parts[0]), node.parts[1], value, timeline)
    return _call(node.text, [value(part) for part in node.parts], values, timeline, period)


def _call(
    name: str, given: list[Value], values: Mapping[str, Series], timeline: Sequence[float], period: float
) -> Value:
    if name in _MAPPED:
        return _each(given[0], _MAPPED[name])
    if name in _FOLDED:
        return _fold(given, _FOLDED[name])
    if name == "IF":
        return _choose(given, timeline)
    if name == "METRICS":
        return list(values.values())
    if name == "PERIOD":
        return period
    raise ExpressionError(
        f"The function {name} is not emulated by the embedded cloud: it knows {', '.join(FUNCTIONS)}."
    )


def _combine(work: Callable[[float, float], float], left: Value, right: Value) -> Value:
    if isinstance(left, list):
        return [as_series(_combine(work, item, right)) for item in left]
    if isinstance(right, list):
        return [as_series(_combine(work, left, item)) for item in right]
    if isinstance(left, float) and isinstance(right, float):
        return _computed(lambda: work(left, right)) or 0.0
    moments = [moment for moment in (left if isinstance(right, float) else right) if _has(left, moment)]  # type: ignore[union-attr]
    found = {moment: _computed(lambda at=moment: work(_at(left, at), _at(right, at))) for moment in moments}  # type: ignore[misc]
    return {moment: result for moment, result in found.items() if result is not None}


def _computed(work: Callable[[], float]) -> float | None:
    try:
        result = float(work())
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def _each(given: Value, work: Callable[[float], float]) -> Value:
    return _combine(lambda value, _: work(value), given, 0.0)


def _fold(given: list[Value], work: Callable[[Sequence[float]], float]) -> Value:
    """A list of series becomes one, moment by moment; a single series becomes one number, as AWS has it."""
    if len(given) == 1 and isinstance(given[0], Mapping):
        return float(work(list(given[0].values()))) if given[0] else 0.0
    items: list[float | Series] = []
    for value in given:
        items += value if isinstance(value, list) else [value]
    series = [item for item in items if not isinstance(item, float)]
    if not series:
        return float(work([item for item in items if isinstance(item, float)]))
    moments = sorted(set().union(*series))
    return {moment: float(work([_at(item, moment) for item in items if _has(item, moment)])) for moment in moments}


def _choose(given: list[Value], timeline: Sequence[float]) -> Value:
    condition, *branches = given
    if any(isinstance(value, list) for value in given):
        raise ExpressionError("IF takes single series and numbers only.")
    if isinstance(condition, float):
        return (
            (branches[0] if condition else branches[1])
            if len(branches) > 1
            else _when(condition, branches[0], timeline)
        )
    result: dict[float, float] = {}
    for moment, holds in condition.items():  # type: ignore[union-attr]
        branch = branches[0] if holds else branches[1] if len(branches) > 1 else {}
        if _has(branch, moment):
            result[moment] = _at(branch, moment)
    return result


def _when(condition: float, branch: Value, timeline: Sequence[float]) -> Value:
    return series(branch, timeline) if condition else {}


def _fill(given: Value, filler: Node, value: Callable[[Node], Value], timeline: Sequence[float]) -> Value:
    if isinstance(given, list):
        return [as_series(_fill(item, filler, value, timeline)) for item in given]
    if isinstance(given, float):
        return given
    if filler.kind == "name" and filler.text == "REPEAT":
        result: dict[float, float] = {}
        last = None
        for moment in timeline:
            last = given.get(moment, last)
            if last is not None:
                result[moment] = last
        return result
    if filler.kind == "name" and filler.text == "LINEAR":
        raise ExpressionError("FILL with LINEAR is not emulated by the embedded cloud: give REPEAT or a number.")
    other = value(filler)
    return {
        moment: given[moment] if moment in given else _at(other, moment)
        for moment in timeline
        if moment in given or _has(other, moment)
    }


def series(value: Value, timeline: Sequence[float]) -> Series:
    """The value as one series, a number at each moment. Raises ExpressionError if it is several."""
    return dict.fromkeys(timeline, value) if isinstance(value, float) else as_series(value)


def as_series(value: Value) -> Series:
    """The value as one series. Raises ExpressionError if it is none."""
    if not isinstance(value, Mapping):
        raise ExpressionError("An expression of an alarm must make one time series.")
    return value


def _has(value: Value, moment: float) -> bool:
    return isinstance(value, float) or (isinstance(value, Mapping) and moment in value)


def _at(value: Value, moment: float) -> float:
    return value if isinstance(value, float) else as_series(value)[moment]
