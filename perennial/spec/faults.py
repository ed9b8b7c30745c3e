"""Faults between the fields of a spec, which pydantic cannot find; each with its place in the document."""

from __future__ import annotations

import datetime as dt
import difflib
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from awsrules import specs as awsrules
from perennial.contract import formats
from perennial.contract.columns import TEXTS, Column
from perennial.contract.lifecycle import AUTO, INSTANCE_TYPE
from perennial.contract.observed import RESERVED
from perennial.contract.patterns import PatternError, matcher
from perennial.contract.values import READERS

if TYPE_CHECKING:
    from perennial.contract.model import ModelSpec

Place = tuple[str | int, ...]
Fault = tuple[Place, str]

#: of one spec; comparing names takes long, and nobody reads more of them
MOST_FAULTS = 25
_MOST_COMPARED, _LONGEST_COMPARED, _MOST_LISTED = 1_000, 100, 50
_MOST_OF_RULES = 10_000  # characters of all rules together

_BOUNDS = {"integer": "a number", "number": "a number", "date": "ISO text", "datetime": "ISO text"}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: the nearest known one, or the first known ones."""
    names = list(islice(known, _MOST_COMPARED))
    close = difflib.get_close_matches(word[:_LONGEST_COMPARED], names, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    more = ", ..." if len(names) > _MOST_LISTED else ""
    return f"; expected one of {', '.join(names[:_MOST_LISTED])}{more}" if names else ""


def of(spec: ModelSpec, training_hours: float) -> Iterator[Fault]:
    """Every fault of a spec, as (place, sentence). A spec whose names are no columns is not examined further.

    `training_hours`: how long the deployment waits for a training.
    """
    from perennial.spec import gate_faults

    unknown = list(islice(_names(spec), MOST_FAULTS))
    yield from unknown
    yield from _columns(spec)
    yield from _validation(spec)
    yield from _split(spec)
    yield from _drift(spec)
    yield from _training(spec)
    yield from _release(spec, training_hours)
    yield from _monitoring(spec)
    if not unknown:
        yield from _target(spec)
        yield from gate_faults.of(spec)


def _monitoring(spec: ModelSpec) -> Iterator[Fault]:
    confirm, windows = spec.monitoring.confirm, spec.monitoring.windows
    if confirm > windows:
        yield ("monitoring", "confirm"), f"{confirm} windows cannot agree, for only {windows} decide (windows)"


def text_of(value: Any) -> str:
    """A value as YAML writes it: true and false in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def misfit(value: Any, column: Column, name: str, bounded: bool = True) -> str | None:
    """The reason why a value does not fit its column, None if it fits. `bounded`: it must be within the bounds."""
    if value is None:
        return None if column.nullable else f"'{name}' is not nullable"
    if not _is_of(value, column.type):
        return f"'{text_of(value)}' is no {column.type}, which '{name}' is"
    if column.values is not None and text_of(value) not in column.value_texts:
        suggestion = did_you_mean(text_of(value), column.value_texts)
        return f"'{text_of(value)}' is not among the values of '{name}'{suggestion}"
    if bounded and _is_comparable(value, column.minimum) and value < column.minimum:
        return f"{value} is below the minimum {column.minimum} of '{name}'"
    if bounded and _is_comparable(value, column.maximum) and value > column.maximum:
        return f"{value} is above the maximum {column.maximum} of '{name}'"
    return None


def _is_comparable(value: Any, limit: Any) -> bool:
    """False without a limit, and for one of another type, which is a fault of its own."""
    return limit is not None and isinstance(value, str) == isinstance(limit, str)


def _names(spec: ModelSpec) -> Iterator[Fault]:
    named: list[tuple[Place, str]] = [(("target",), spec.target)]
    named += [(("key", at), name) for at, name in enumerate(spec.key)]
    named += [(("split", "group", at), name) for at, name in enumerate(spec.split.group)]
    named += [(("event_time",), spec.event_time)] if spec.event_time is not None else []
    for place, name in named:
        if name not in spec.columns:
            yield place, f"'{name}' is not among the columns{did_you_mean(name, spec.columns)}"
    yield from twice(spec.key, ("key",), "columns of the key")


def _training(spec: ModelSpec) -> Iterator[Fault]:
    retraining = spec.monitoring.retraining
    if retraining.by == "cost" and spec.gate.value is None:
        yield (
            ("monitoring", "retraining", "by"),
            "cost compares money; it needs gate.value, which gives the value of each outcome",
        )
    if retraining.money_per_month is not None and retraining.money_per_month < retraining.hour_price / 60:
        yield ("monitoring", "retraining", "money_per_month"), "is less than one minute of training; it allows none"
    if spec.training.estimator == AUTO and spec.training.parameters:
        yield (
            ("training", "parameters"),
            f"'{AUTO}' chooses the parameters; leave them out, or name the estimator that has them",
        )
    if spec.training.estimator == "quantile" and spec.problem != "regression":
        yield ("training", "estimator"), f"quantile is for a regression; this is a {spec.problem} problem"
    if spec.training.interval is not None and spec.problem != "regression":
        yield ("training", "interval"), f"is for a regression; a {spec.problem} model answers with probabilities"
    if spec.training.update == "amend" and spec.data.uploads == "snapshot":
        yield (
            ("training", "update"),
            "amend learns the rows of new uploads; with data.uploads: snapshot each upload repeats the old ones",
        )


def _columns(spec: ModelSpec) -> Iterator[Fault]:
    for name, column in spec.columns.items():
        place: Place = ("columns", name)
        if name == "*" or (name.startswith("^") and name.endswith("$")):
            yield place, f"a column cannot be called '{name}': that is a pattern for columns; rename it in the data"
        if name.lower() in RESERVED:
            yield place, f"a column cannot be called '{name}': inference tables have one; rename it in the data"
        yield from (((*place, field), sentence) for field, sentence in _bounds(column))
        yield from (((*place, field), sentence) for field, sentence in _text_rules(column))
        yield from (((*place, "format"), sentence) for sentence in _format(column))
        if column.type not in TEXTS:
            for at, value in enumerate(column.values or ()):
                if not _is_of(value, column.type):
                    yield (*place, "values", at), f"'{text_of(value)}' is no {column.type}"
    if not spec.features():
        yield ("columns",), "no column is a feature; the model would see nothing"


def _bounds(column: Column) -> Iterator[tuple[str, str]]:
    limits = {name: value for name in ("minimum", "maximum") if (value := getattr(column, name)) is not None}
    for name, limit in limits.items():
        if column.type not in _BOUNDS:
            yield name, f"minimum and maximum need one of {', '.join(_BOUNDS)}, this column is {column.type}"
        elif isinstance(limit, str) != (column.type in ("date", "datetime")):
            yield name, f"a bound of a {column.type} column is {_BOUNDS[column.type]}"
        elif not _is_of(limit, "number" if column.type == "integer" else column.type):
            yield name, f"{limit!r} is no bound of a {column.type} column"
        elif column.type == "date" and len(str(limit)) != len("2026-01-31"):
            yield name, f"{limit!r} is no date such as 2026-01-31"
    if len(limits) == 2 and type(limits["minimum"]) in (int, float, type(limits["maximum"])):
        low, high = limits["minimum"], limits["maximum"]
        if isinstance(low, str) == isinstance(high, str) and low > high:
            yield "minimum", f"minimum {low} is above maximum {high}"


def _text_rules(column: Column) -> Iterator[tuple[str, str]]:
    for name in ("min_length", "max_length", "pattern"):
        if getattr(column, name) is not None and column.type not in TEXTS:
            yield name, f"{name} needs a text or category column, this one is {column.type}"
    if column.min_length is not None and column.max_length is not None and column.min_length > column.max_length:
        yield "min_length", f"min_length {column.min_length} is above max_length {column.max_length}"
    if column.pattern is not None:
        try:
            matcher(column.pattern)
        except PatternError as error:
            yield "pattern", f"pattern is not a regular expression of linear time: {error}"
    for old, new in column.replace.items():
        if new in column.replace or (column.trim and new != new.strip()):
            yield "replace", f"{old!r} becomes {new!r}, which is itself cleaned: twice must not differ from once"


def _format(column: Column) -> Iterator[str]:
    format = column.format
    if format is None:
        return
    wanted = {"integer": formats.NumberFormat, "number": formats.NumberFormat, "date": str, "datetime": str}
    if column.type not in wanted:
        yield f"a format needs one of {', '.join(wanted)}, this column is {column.type}"
    elif not isinstance(format, wanted[column.type]):
        shape = "a text such as '%d/%m/%Y'" if wanted[column.type] is str else "a mapping such as {thousands: ','}"
        yield f"the format of type {column.type} is {shape}"
    else:
        found = list(formats.faults(format))
        yield from found
        if isinstance(format, str) and not found:
            yield from _ambiguities(format, column)


def _ambiguities(format: str, column: Column) -> Iterator[str]:
    """The faults of a format of dates in which a text of ISO 8601, which is always read, would be another moment."""
    if column.type == "date" and formats.has_time(format):
        yield f"'{format}' has a time; a date has none: declare the column as datetime, or leave the time out"
        return
    text = formats.example(format)
    try:
        in_iso = READERS["datetime"](text)
    except (ValueError, OverflowError):
        return
    if in_iso != READERS["datetime"](formats.plain(text, format)):
        yield f"'{format}' gives texts of ISO 8601 another meaning, such as {text}, and ISO 8601 is always read"


def _validation(spec: ModelSpec) -> Iterator[Fault]:
    validation, place = spec.validation, ("validation",)
    yield from twice([rule.name for rule in validation.rules], (*place, "rules"), "rules")
    written = sum(len(rule.holds) for rule in validation.rules)
    if written > _MOST_OF_RULES:
        yield (*place, "rules"), f"the rules have {written:,} characters together, {_MOST_OF_RULES:,} are allowed"
    if validation.max_age_days is not None and spec.event_time is None:
        yield (*place, "max_age_days"), "max_age_days needs an event_time, to know how old the rows are"
    if validation.max_rows is not None and validation.max_rows < validation.min_rows:
        yield (*place, "max_rows"), f"max_rows {validation.max_rows} is below min_rows {validation.min_rows}"
    volume = validation.volume
    if volume is not None and volume.min_ratio > volume.max_ratio:
        yield (*place, "volume", "min_ratio"), f"min_ratio {volume.min_ratio:g} is above max_ratio {volume.max_ratio:g}"


def _target(spec: ModelSpec) -> Iterator[Fault]:
    column = spec.columns[spec.target]
    place: Place = ("columns", spec.target, "type")
    if spec.problem == "regression" and column.type not in ("integer", "number"):
        yield place, f"a regression needs an integer or number target, '{spec.target}' is {column.type}"
    elif spec.problem != "regression" and column.type in ("number", "date", "datetime"):
        yield place, f"a {spec.problem} target needs classes, '{spec.target}' is {column.type}"
    elif spec.positive is not None:
        if spec.problem != "binary":
            yield ("positive",), f"a {spec.problem} problem has no positive class"
        elif not _may_be_positive(spec.positive, column):
            yield ("positive",), f"'{text_of(spec.positive)}' is no value of '{spec.target}', which is {column.type}"


def _may_be_positive(value: Any, column: Column) -> bool:
    """True if the value may be the positive class: 1, true and "true" denote the same class."""
    text = text_of(value)
    if column.type == "boolean":
        return text.lower() in ("true", "false", "1", "0", "yes", "no", "t", "f")
    if column.type == "integer":
        return re.fullmatch(r"[+-]?\d+|true|false", text) is not None
    return column.values is None or text in [text_of(one) for one in column.values]


def _split(spec: ModelSpec) -> Iterator[Fault]:
    if spec.target in spec.split.group:
        place = ("split", "group", spec.split.group.index(spec.target))
        yield place, f"'{spec.target}' is the target; a group is told by other columns, such as a patient's number"
    yield from twice(spec.split.group, ("split", "group"), "columns of the group")
    if spec.split.time and spec.event_time is None:
        yield ("split", "time"), "split.time needs event_time, the column with the time of a row's event"
    if not spec.split.time and (spec.gate.forward.floors or spec.gate.forward.champion):
        yield ("gate", "forward"), "gate.forward needs `split: {time: true}`, which measures the newest rows"


def _drift(spec: ModelSpec) -> Iterator[Fault]:
    for name, levels in vars(spec.drift).items():
        if hasattr(levels, "warn") and levels.warn > levels.alert:
            yield ("drift", name, "warn"), f"warn {levels.warn:g} is above alert {levels.alert:g}"


def _release(spec: ModelSpec, training_hours: float) -> Iterator[Fault]:
    release, place = spec.release, ("release",)
    for at, instance in enumerate(spec.training.fallback_instances):
        if not re.fullmatch(INSTANCE_TYPE.strip("^$"), instance):
            yield ("training", "fallback_instances", at), f"'{instance}' is no SageMaker instance type"
    if release.max_instances < release.instances:
        yield (
            (*place, "max_instances"),
            f"max_instances {release.max_instances} is below instances {release.instances}",
        )
    for fault in awsrules.faults(
        spec.training.to_json(),
        release.to_json(),
        spec.serving.to_json(),
        sensitive=spec.sensitive(),
        training_hours=training_hours,
    ):
        yield tuple(fault.place.split(".")), f"{fault.sentence} ({fault.source})"
    if spec.treatment() != "keep" and not spec.sensitive():
        yield (
            ("serving", "sensitive"),
            f"serving.sensitive is '{spec.serving.sensitive}', but no column is marked `sensitive: true`; mark those "
            "that must not be captured",
        )


def twice(names: Sequence[str], place: Place, what: str) -> Iterator[Fault]:
    """A fault for each name that occurred before."""
    before: set[str] = set()
    for at, name in enumerate(names):
        if name in before:
            yield (*place, at), f"two {what} are called '{name}'"
        before.add(name)


def _is_of(value: Any, kind: str) -> bool:
    match kind:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return _is_finite(value) and float(value).is_integer()
        case "number":
            return _is_finite(value)
        case "date" | "datetime":
            return isinstance(value, str) and _is_moment(value, kind)
        case _:
            return True


def _is_finite(value: Any) -> bool:
    """True for a number that a double holds; an integer of YAML may have any number of digits."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def _is_moment(value: str, kind: str) -> bool:
    """True for a date or a moment as readers compare it with the values of rows: in UTC, in the years 1 to 9999."""
    try:
        READERS[kind](value if kind == "date" else dt.datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        return False
    return True
