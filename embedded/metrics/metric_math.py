"""Metric math: evaluates an expression over other metrics' values, period by period.

A series is {moment: value}; a moment without a value is missing. As on AWS a missing value, and a division by 0, make
the result missing there. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence

from embedded.metrics.metric_math_parser import ExpressionError, Node

Series = Mapping[float, float]
Value = float | Series

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
_ARGUMENTS = dict.fromkeys(_MAPPED, (1,)) | {"FILL": (2,), "IF": (2, 3)}
FUNCTIONS = tuple(_ARGUMENTS)


def check(expression: Node) -> None:
    """Raises ExpressionError for a function that is not emulated, or for a wrong number of arguments."""
    if expression.kind == "call":
        if expression.text not in FUNCTIONS:
            raise ExpressionError(
                f"The embedded cloud does not emulate {expression.text}: metric math has {', '.join(FUNCTIONS)} here."
            )
        if len(expression.parts) not in _ARGUMENTS[expression.text]:
            raise ExpressionError(f"{expression.text} does not take {len(expression.parts)} arguments.")
        if expression.text == "FILL" and expression.parts[1].text == "LINEAR":
            raise ExpressionError("The embedded cloud does not emulate FILL with LINEAR: give REPEAT or a number.")
    for part in expression.parts:
        check(part)


def evaluate(node: Node, values: Mapping[str, Series], timeline: Sequence[float]) -> Value:
    """The value of an expression that `check` accepts.

    Args:
        node: the expression.
        values: the series of each id that it names.
        timeline: all moments, oldest first, which FILL fills.
    """

    def value(part: Node) -> Value:
        return evaluate(part, values, timeline)

    if node.kind == "number":
        return float(node.text)
    if node.kind == "name":
        return values[node.text]
    if node.kind != "call":
        left, right = (value(part) for part in node.parts)
        return _combine(_OPERATORS[node.kind], left, right)
    if node.text == "FILL":
        return _fill(value(node.parts[0]), node.parts[1], value, timeline)
    if node.text == "IF":
        return _choose([value(part) for part in node.parts], timeline)
    function = _MAPPED[node.text]
    return _combine(lambda number, _: function(number), value(node.parts[0]), 0.0)


def series(value: Value, timeline: Sequence[float]) -> Series:
    """The value as a series: a number is repeated at each moment."""
    return dict.fromkeys(timeline, value) if isinstance(value, float) else value


def _combine(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    if isinstance(left, float) and isinstance(right, float):
        return _computed(function, left, right) or 0.0
    moments = left if not isinstance(left, float) else series(right, ())
    pairs = {moment: (_at(left, moment), _at(right, moment)) for moment in moments}
    known = {moment: (a, b) for moment, (a, b) in pairs.items() if a is not None and b is not None}
    results = {moment: _computed(function, a, b) for moment, (a, b) in known.items()}
    return {moment: result for moment, result in results.items() if result is not None}


def _computed(function: Callable[[float, float], float], left: float, right: float) -> float | None:
    try:
        result = float(function(left, right))
    except (ZeroDivisionError, ValueError, OverflowError, TypeError):  # TypeError: a negative number's root
        return None
    return result if math.isfinite(result) else None


def _choose(given: list[Value], timeline: Sequence[float]) -> Value:
    condition, then, otherwise = (*given, {})[:3]
    if isinstance(condition, float):
        if condition:
            return then if len(given) == 3 else series(then, timeline)
        return otherwise
    chosen = {moment: _at(then if holds else otherwise, moment) for moment, holds in condition.items()}
    return {moment: value for moment, value in chosen.items() if value is not None}


def _fill(given: Value, filler: Node, value: Callable[[Node], Value], timeline: Sequence[float]) -> Value:
    if isinstance(given, float):
        return given
    repeat = filler.kind == "name" and filler.text == "REPEAT"
    other = {} if repeat else value(filler)
    filled: dict[float, float] = {}
    last: float | None = None
    for moment in timeline:
        last = given.get(moment, last if repeat else _at(other, moment))
        if last is not None:
            filled[moment] = last
    return filled


def _at(value: Value, moment: float) -> float | None:
    return value if isinstance(value, float) else value.get(moment)
