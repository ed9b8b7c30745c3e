"""The body of a request as typed rows, by what the model's manifest declares. Each fault names its row and field."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from training.payloads.schema import PayloadError, Rows, Schema

_ENVELOPES = ("rows", "instances")
_LONGEST_CELL = 131_072  # as the csv module has it


def rows_of_csv(text: str, schema: Schema, header: bool | None = None) -> Rows:
    """CSV, with a header or, in the features' order, without. `header` None: seen from the first line."""
    lines = _lines(text)
    if not lines:
        raise PayloadError("the body is empty; expected at least one row")
    if header is None:
        header = _is_header(lines[0], schema)
    names: Sequence[str] = schema.names
    if header:
        names = lines.pop(0)
        check_names(names, schema)
    width = len(names)
    for index, line in enumerate(lines if set(map(len, lines)) != {width} else ()):
        if len(line) != width:
            order = "" if header else f"; without a header they are, in this order: {', '.join(names)}"
            raise PayloadError(f"row {index} has {len(line)} cells, expected {width}{order}", index)
    return schema.rows(dict(zip(names, zip(*lines, strict=True), strict=bool(lines))), len(lines), schema.null_values)


def _lines(text: str) -> list[list[str]]:
    """The cells of each line that is not empty."""
    if '"' not in text and "\r" not in text:
        # Without a quote a line is its cells: splitting is what the csv module would do, in half the time.
        plain = [line for line in text.split("\n") if line]
        if len(text) <= _LONGEST_CELL or max(map(len, plain)) <= _LONGEST_CELL:
            return [line.split(",") for line in plain]
    try:
        return [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise PayloadError(f"the CSV cannot be read: {error}") from None


def rows_of_json(text: str, schema: Schema) -> Rows:
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


def rows_of_jsonlines(text: str, schema: Schema) -> Rows:
    """One row per line, as an object or as a list in the features' order."""
    lines = [line for line in text.split("\n") if line.strip()]
    return _from_list([_loaded(line, row) for row, line in enumerate(lines)], schema)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON; a missing value is null")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{twice}' is given twice")
    return found


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_without_duplicates)


def _loaded(text: str, row: int | None = None) -> Any:
    where = "the JSON" if row is None else f"line {row}"
    if not text or text.isspace():
        raise PayloadError("the body is empty; expected at least one row")
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise PayloadError(f"{where} is nested too deeply", row) from None
    except ValueError as error:
        raise PayloadError(f"{where} cannot be read: {error}", row) from None


def _from_list(items: Sequence[Any], schema: Schema) -> Rows:
    """Rows as objects or as lists in the features' order."""
    if list in set(map(type, items)):
        items = [_named(item, index, schema) if type(item) is list else item for index, item in enumerate(items)]
    known, required = schema.known, schema.required
    for index, item in enumerate(items):
        if type(item) is not dict:
            raise PayloadError(f"row {index} is neither an object nor a list", index)
        names = item.keys()
        if not names <= known:
            raise _unknown(next(name for name in names if name not in known), schema, index)
        if not required <= names:
            name = next(name for name in schema.names if name in required and name not in names)
            raise PayloadError(f"row {index} misses '{name}'", index, name)
    return schema.rows({name: [item.get(name) for item in items] for name in schema.names}, len(items), ())


def _named(values: list[Any], index: int, schema: Schema) -> dict[str, Any]:
    names = schema.names
    if len(values) != len(names):
        raise PayloadError(f"row {index} has {len(values)} values, expected {len(names)}: {', '.join(names)}", index)
    return dict(zip(names, values, strict=True))


def _from_columns(content: Mapping[str, Any], schema: Schema) -> Rows:
    check_names(list(content), schema)
    lengths = {len(values) if isinstance(values, list) else -1 for values in content.values()}
    if len(lengths) != 1 or -1 in lengths:
        raise PayloadError("columns must be lists of the same length")
    return schema.rows(content, lengths.pop(), ())


def _is_header(cells: Sequence[str], schema: Schema) -> bool:
    """At least half of the cells are column names: a misspelt one must not turn a header into data."""
    return 2 * len([cell for cell in cells if cell in schema.known]) >= len(cells)


def check_names(names: Sequence[str], schema: Schema) -> None:
    """Raises PayloadError for a column that is unknown, given twice or missing."""
    given = set(names)
    if given <= schema.known and len(given) == len(names) and schema.required <= given:
        return
    for place, name in enumerate(names):
        if name not in schema.known:
            raise _unknown(name, schema)
        if name in names[:place]:
            raise PayloadError(f"the column '{name}' is given twice", None, name)
    name = next(name for name in schema.names if name in schema.required and name not in given)
    raise PayloadError(f"the column '{name}' is missing", None, name)


def _unknown(name: str, schema: Schema, row: int | None = None) -> PayloadError:
    shown = name if len(name) <= 40 else name[:40] + "..."
    where = "" if row is None else f"row {row}: "
    return PayloadError(f"{where}'{shown}' is no column of this model; it takes {', '.join(schema.names)}", row, shown)


READERS: dict[str, Callable[[str, Schema], Rows]] = {
    "text/csv": rows_of_csv,
    "application/json": rows_of_json,
    "application/jsonlines": rows_of_jsonlines,
}
