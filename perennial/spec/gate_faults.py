"""Faults of a gate: checks that cannot be met or measured for its model; each with its place in the document."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from perennial.contract.gate import Behaviour, Fairness, Money, Slice
from perennial.gate.arithmetic import ArithmeticSyntaxError, Expression
from perennial.spec.faults import Fault, Place, did_you_mean, misfit, text_of, twice

if TYPE_CHECKING:
    from perennial.contract.model import ModelSpec

#: the fairness measures of each problem
MEASURES: dict[str, tuple[str, ...]] = {
    "binary": ("selection_rate", "true_positive_rate", "false_positive_rate", "calibration", "error"),
    "multiclass": ("calibration", "error"),
    "regression": ("calibration", "error"),
}
QUANTITIES: dict[str, tuple[str, ...]] = {
    "binary": ("tp", "fp", "fn", "tn"),
    "multiclass": ("right", "wrong"),
    "regression": ("over", "under"),
}


def of(spec: ModelSpec) -> Iterator[Fault]:
    """Every fault of a spec's gate, as (place, sentence)."""
    gate = spec.gate
    yield from _metrics(spec)
    for at, rule in enumerate(gate.fairness):
        yield from _fairness(spec, rule, ("gate", "fairness", at))
    yield from _threshold(spec)
    if gate.value is not None:
        yield from _value(spec, gate.value)
    yield from _slices(spec)
    yield from twice([each.name for each in gate.slices.named], ("gate", "slices", "named"), "slices")
    for at, test in enumerate(gate.behaviour):
        yield from _behaviour(spec, test, ("gate", "behaviour", at))
    yield from twice([each.name for each in gate.behaviour], ("gate", "behaviour"), "behaviour tests")


def _metrics(spec: ModelSpec) -> Iterator[Fault]:
    known = spec.metrics()
    named: list[tuple[Place, str]] = [(("gate", "floors", name), name) for name in spec.gate.floors]
    named += [(("gate", "forward", "floors", name), name) for name in spec.gate.forward.floors]
    named += [(("gate", "metric"), spec.gate.metric)] if spec.gate.metric else []
    for place, name in named:
        if name not in known:
            yield place, f"{spec.problem} has no metric '{name}'{did_you_mean(name, known)}"
    floors: list[tuple[Place, float]] = [(("gate", "floors", name), floor) for name, floor in spec.gate.floors.items()]
    floors += [(("gate", "forward", "floors", name), floor) for name, floor in spec.gate.forward.floors.items()]
    for place, floor in floors:
        if not math.isfinite(floor):
            yield place, f"a floor is a finite number, not {floor}"


def _threshold(spec: ModelSpec) -> Iterator[Fault]:
    aim = spec.gate.threshold.aim
    if aim != "fixed" and spec.problem != "binary":
        yield ("gate", "threshold", "aim"), f"a {spec.problem} model has no threshold; only a binary one does"
    elif aim == "value" and spec.gate.value is None:
        yield ("gate", "threshold", "aim"), "the aim 'value' needs gate.value, which gives the value of each outcome"


def _fairness(spec: ModelSpec, rule: Fairness, place: Place) -> Iterator[Fault]:
    yield from _columns(spec, rule.columns, (*place, "columns"), "fairness")
    if len(set(rule.columns)) < len(rule.columns):
        yield (*place, "columns"), f"'{rule.columns[0]}' cannot be crossed with itself"
    for field, limits in (("max_difference", rule.max_difference), ("min_ratio", rule.min_ratio)):
        for measure, limit in limits.items():
            if measure not in MEASURES[spec.problem]:
                known = ", ".join(MEASURES[spec.problem])
                yield (*place, field, measure), f"a {spec.problem} model has no {measure}; it has {known}"
            elif field == "min_ratio" and measure == "calibration":
                yield (
                    (*place, field, measure),
                    "calibration is close to zero, where a ratio means nothing; use max_difference",
                )
            elif not (math.isfinite(limit) and limit >= 0):
                yield (*place, field, measure), f"a limit is a number of at least 0, not {limit}"
            elif field == "min_ratio" and limit > 1:
                yield (*place, field, measure), f"a ratio is at most 1, not {limit:g}"
    if rule.groups is not None:
        yield from _pair(spec, rule, (*place, "groups"))


def _pair(spec: ModelSpec, rule: Fairness, place: Place) -> Iterator[Fault]:
    groups = rule.groups or ()
    if len(rule.columns) > 1:
        yield place, "groups are of one column; name one"
    elif rule.columns[0] in spec.columns:
        column = spec.columns[rule.columns[0]]
        if column.type in ("number", "date", "datetime"):
            yield place, f"groups need a column of few values, '{rule.columns[0]}' is {column.type}"
        else:
            yield from ((place, message) for value in groups if (message := misfit(value, column, rule.columns[0])))
    if len({text_of(value) for value in groups}) < 2:
        yield place, "two different groups are needed"


def _value(spec: ModelSpec, money: Money) -> Iterator[Fault]:
    own = QUANTITIES[spec.problem]
    for name in (name for names in QUANTITIES.values() for name in names):
        place = ("gate", "value", name)
        if name in own:
            yield from _amount(spec, getattr(money, name), place)
        elif getattr(money, name) != 0:
            yield place, f"a {spec.problem} model has no {name}; it has {', '.join(own)}"
    if all(getattr(money, name) == 0 for name in own):
        yield ("gate", "value"), f"no amount is given, so every prediction is worth 0; give some of {', '.join(own)}"


def _amount(spec: ModelSpec, amount: float | str, place: Place) -> Iterator[Fault]:
    try:
        expression = Expression(amount)
    except ArithmeticSyntaxError as error:
        yield place, str(error)
        return
    for name in expression.names:
        if name not in spec.columns:
            yield place, f"'{name}' is not among the columns{did_you_mean(name, spec.columns)}"
        elif spec.columns[name].type not in ("integer", "number"):
            yield place, f"an amount needs numbers, '{name}' is {spec.columns[name].type}"


def _slices(spec: ModelSpec) -> Iterator[Fault]:
    wanted, place = spec.gate.slices, ("gate", "slices")
    if wanted.metric is not None and wanted.metric not in spec.metrics():
        suggestion = did_you_mean(wanted.metric, spec.metrics())
        yield (*place, "metric"), f"{spec.problem} has no metric '{wanted.metric}'{suggestion}"
    if wanted.columns is not None:
        yield from _columns(spec, wanted.columns, (*place, "columns"), "slices")
    for at, each in enumerate(wanted.named):
        yield from _slice(spec, each, (*place, "named", at, "where"))


def _slice(spec: ModelSpec, each: Slice, place: Place) -> Iterator[Fault]:
    for name, wanted in each.where.items():
        found = list(_columns(spec, [name], (*place, name), "slices"))
        yield from found
        if not found:
            values: Sequence[Any] = wanted if isinstance(wanted, tuple) else (wanted,)
            yield from (
                ((*place, name), message) for value in values if (message := misfit(value, spec.columns[name], name))
            )


def _behaviour(spec: ModelSpec, test: Behaviour, place: Place) -> Iterator[Fault]:
    for field, given in (("set", test.set), ("add", test.add), ("row", test.row)):
        for name, value in given.items():
            where = (*place, field, name)
            if name not in spec.columns:
                yield where, f"'{name}' is not among the columns{did_you_mean(name, spec.columns)}"
            elif name == spec.target:
                yield where, f"'{name}' is the target, which no model is shown"
            elif not spec.is_feature(name):
                yield where, f"'{name}' is no feature, so the model cannot answer to it"
            elif field == "add" and spec.columns[name].type not in ("integer", "number"):
                yield where, f"only numbers can be added to, '{name}' is {spec.columns[name].type}"
            elif field == "add" and spec.columns[name].type == "integer" and not float(value or 0).is_integer():
                yield where, f"'{name}' is an integer, so what is added must be one"
            elif message := misfit(value, spec.columns[name], name, bounded=field != "add"):
                yield where, message
    for name in set(test.set) & set(test.add):
        yield (*place, "add", name), f"'{name}' is set already"
    if test.kind == "answer" and not test.row:
        yield place, "an answer needs a row"
    elif test.kind == "answer" and test.at_least is None and test.at_most is None and test.label is None:
        yield place, "an answer needs at_least, at_most or label"
    elif test.kind != "answer" and not (test.set or test.add):
        yield place, f"{test.kind} needs something to change: set or add"
    yield from _asked(spec, test, place)


def _asked(spec: ModelSpec, test: Behaviour, place: Place) -> Iterator[Fault]:
    if test.label is not None:
        if spec.problem == "regression":
            yield (*place, "label"), "a regression predicts numbers, not labels; use at_least and at_most"
        elif message := misfit(test.label, spec.columns[spec.target], spec.target):
            yield (*place, "label"), message
    elif spec.problem == "multiclass" and (
        test.kind == "direction" or test.at_least is not None or test.at_most is not None
    ):
        yield place, "a multiclass test needs a label: the class whose probability is meant"
    if test.kind == "answer":
        for name in spec.features():
            if not spec.columns[name].nullable and test.row.get(name) is None:
                yield (*place, "row"), f"the row needs a value of '{name}', which is not nullable"


def _columns(spec: ModelSpec, names: Sequence[str], place: Place, what: str) -> Iterator[Fault]:
    for name in names:
        if name not in spec.columns:
            yield place, f"'{name}' is not among the columns{did_you_mean(name, spec.columns)}"
        elif name == spec.target:
            yield place, f"'{name}' is the target; {what} use columns that are known before it"
        elif spec.columns[name].type == "text":
            yield place, f"'{name}' is text, whose values are never written into a report; make it a category"
