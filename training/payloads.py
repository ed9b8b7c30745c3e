"""The body of a request as typed rows, by what the model's manifest declares. Each fault names its row and field."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from training.columns import Column, frame
from training.values import ValueOfWrongTypeError, read

_ENVELOPES = ("rows", "instances")


class PayloadError(ValueError):
    """A body cannot be read as rows of this model. `row` counts from 0 and leaves the header out."""

    def __init__(self, sentence: str, row: int | None = None, field: str | None = None) -> None:
        super().__init__(sentence)
        self.row, self.field = row, field


@dataclass(frozen=True)
class Schema:
    """What may be sent: the features, in order, and other declared columns (the target, ids), which are ignored."""

    features: tuple[Column, ...]
    ignored: frozenset[str]
    null_marks: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The features' names, in order."""
        return [column.name for column in self.features]


def rows_of_csv(text: str, schema: Schema, header: bool | None = None) -> pd.DataFrame:
    """CSV, with a header or, in the features' order, without. `header` None: seen from the first line."""
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise PayloadError(f"the CSV cannot be read: {error}") from None
    if not lines:
        raise PayloadError("the body is empty; expected at least one row")
    if header is None:
        header = _is_header(lines[0], schema)
    names = _checked_names(lines[0], schema) if header else schema.names
    body = lines[1:] if header else lines
    for index, line in enumerate(body):
        if len(line) != len(names):
            order = "" if header else f"; without a header they are, in this order: {', '.join(names)}"
            raise PayloadError(f"row {index} has {len(line)} cells, expected {len(names)}{order}", index)
    cells = list(zip(*body, strict=True)) if body else [()] * len(names)
    return _frame(dict(zip(names, cells, strict=True)), len(body), schema, schema.null_marks)


def rows_of_json(text: str, schema: Schema) -> pd.DataFrame:
    """One row as an object, a list of rows, {"rows": [...]}, {"instances": [...]}, or {"columns": {name: [...]}}."""
    document = _loaded(text)
    if isinstance(document, dict) and len(document) == 1:
        ((name, content),) = document.items()
        if name in _ENVELOPES and isinstance(content, list):
            return _from_list(content, schema)
        if name == "columns" and isinstance(content, dict):
            return _from_columns(content, schema)
    if isinstance(document, dict):
        return _from_list([document], schema)
    if isinstance(document, list):
        return _from_list(document, schema)
    raise PayloadError('the JSON is neither a row nor rows; expected an object, a list, or {"rows": [...]}')


def rows_of_jsonlines(text: str, schema: Schema) -> pd.DataFrame:
    """One row per line, as an object or as a list in the features' order."""
    lines = [line for line in text.split("\n") if line.strip()]
    return _from_list([_loaded(line, row) for row, line in enumerate(lines)], schema)


def _loaded(text: str, row: int | None = None) -> Any:
    where = "the JSON" if row is None else f"line {row}"
    if not text.strip():
        raise PayloadError("the body is empty; expected at least one row")
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_duplicates)
    except RecursionError:
        raise PayloadError(f"{where} is nested too deeply", row) from None
    except ValueError as error:
        raise PayloadError(f"{where} cannot be read: {error}", row) from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON; a missing value is null")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{twice}' is given twice")
    return found


def _from_list(items: Sequence[Any], schema: Schema) -> pd.DataFrame:
    """Rows as objects or as lists in the features' order."""
    names, width = schema.names, len(schema.features)
    known = {*names, *schema.ignored}
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for index, item in enumerate(items):
        if isinstance(item, list):
            if len(item) != width:
                raise PayloadError(f"row {index} has {len(item)} values, expected {width}: {', '.join(names)}", index)
            item = dict(zip(names, item, strict=True))
        if not isinstance(item, dict):
            raise PayloadError(f"row {index} is neither an object nor a list", index)
        for name in item:
            if name not in known:
                raise _unknown(name, schema, index)
        for column in schema.features:
            if column.name not in item and not column.nullable:
                raise PayloadError(f"row {index} misses '{column.name}'", index, column.name)
            columns[column.name].append(item.get(column.name))
    return _frame(columns, len(items), schema, ())


def _from_columns(content: Mapping[str, Any], schema: Schema) -> pd.DataFrame:
    names = _checked_names(list(content), schema)
    lengths = {len(values) if isinstance(values, list) else -1 for values in content.values()}
    if len(lengths) != 1 or -1 in lengths:
        raise PayloadError("columns must be lists of the same length")
    return _frame({name: content[name] for name in names}, lengths.pop(), schema, ())


def _frame(
    columns: Mapping[str, Sequence[Any]], rows: int, schema: Schema, null_marks: Collection[str]
) -> pd.DataFrame:
    """Typed rows. A nullable feature that is absent is null."""
    if rows == 0:
        raise PayloadError("there are no rows; expected at least one")
    values: dict[str, Sequence[Any]] = {}
    for column in schema.features:
        given = columns.get(column.name)
        values[column.name] = [None] * rows if given is None else _typed(given, column, null_marks)
    return frame(schema.features, values)


def _typed(given: Sequence[Any], column: Column, null_marks: Collection[str]) -> list[Any]:
    typed = []
    for index, value in enumerate(given):
        try:
            typed.append(read(value, column, null_marks))
        except ValueOfWrongTypeError as error:
            raise PayloadError(f"row {index}, '{column.name}': {error}", index, column.name) from None
    return typed


def _is_header(cells: Sequence[str], schema: Schema) -> bool:
    """At least half of the cells are column names: a misspelt one must not turn a header into data."""
    known = {*schema.names, *schema.ignored}
    return 2 * sum(cell in known for cell in cells) >= len(cells)


def _checked_names(names: Sequence[str], schema: Schema) -> Sequence[str]:
    for place, name in enumerate(names):
        if name not in schema.names and name not in schema.ignored:
            raise _unknown(name, schema)
        if name in names[:place]:
            raise PayloadError(f"the column '{name}' is given twice", None, name)
    for column in schema.features:
        if column.name not in names and not column.nullable:
            raise PayloadError(f"the column '{column.name}' is missing", None, column.name)
    return names


def _unknown(name: str, schema: Schema, row: int | None = None) -> PayloadError:
    shown = name if len(name) <= 40 else name[:40] + "..."
    where = "" if row is None else f"row {row}: "
    return PayloadError(f"{where}'{shown}' is no column of this model; it takes {', '.join(schema.names)}", row, shown)


READERS: dict[str, Callable[[str, Schema], pd.DataFrame]] = {
    "text/csv": rows_of_csv,
    "application/json": rows_of_json,
    "application/jsonlines": rows_of_jsonlines,
}
