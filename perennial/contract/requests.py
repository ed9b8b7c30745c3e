"""The body of a request as typed rows: CSV, JSON and JSON lines, read alike by the server and by monitoring.

Each fault names its row and field. Reading takes time linear in the body. Parquet has a reader with pyarrow in the
server and one with Polars in monitoring.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from perennial.contract.fields import PayloadError, TextNeededError
from perennial.contract.formats import JsonNumber
from perennial.contract.parquet import MOST_CELLS
from perennial.contract.schema import Rows, Schema

CSV, JSON, JSONLINES, PARQUET = (
    "text/csv",
    "application/json",
    "application/jsonlines",
    "application/vnd.apache.parquet",
)
TYPES = (JSON, CSV, JSONLINES, PARQUET)
#: other names of these types
ALIASES = {
    "application/x-jsonlines": JSONLINES,
    "application/x-ndjson": JSONLINES,
    "application/jsonl": JSONLINES,
    "application/x-parquet": PARQUET,
    "application/parquet": PARQUET,
}
_CHARSETS = ("", "utf-8", "utf8", "us-ascii")
#: members that, alone in a JSON object, hold the rows; `columns` holds them by column
ENVELOPES = ("rows", "instances")
COLUMNS = "columns"
#: quotes enclose whole values only and are doubled within them; a carriage return without a line feed is no line end
_QUOTED = re.compile(r'(?:(?:[^",\r\n]*+|"(?:[^"]++|"")*+")(?:,|\r?\n|\Z))*+')


class UnsupportedTypeError(ValueError):
    """The content type of a request is not supported."""


def content_type(header: str) -> tuple[str, dict[str, str]]:
    """The content type by its name in TYPES, and its parameters. Raises UnsupportedTypeError."""
    kind, parameters = parsed_type(header)
    kind = ALIASES.get(kind, kind)
    if kind not in TYPES:
        raise UnsupportedTypeError(f"the content type is '{kind[:80] or 'not given'}'; expected {', '.join(TYPES)}")
    if parameters.get("charset", "").lower() not in _CHARSETS:
        raise UnsupportedTypeError(f"the charset is '{parameters['charset']}'; expected utf-8")
    return kind, parameters


def parsed_type(header: str) -> tuple[str, dict[str, str]]:
    """A content type in lower case, and its parameters."""
    kind, *parts = header.split(";")
    pairs = (part.partition("=") for part in parts if "=" in part)
    return kind.strip().lower(), {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def read(body: bytes, kind: str, parameters: Mapping[str, str], schema: Schema) -> Rows:
    """The rows of a text body. Raises PayloadError."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PayloadError(f"the body is not UTF-8: {error.reason} at byte {error.start}") from None
    if kind == CSV:
        return rows_of_csv(text, schema, {"present": True, "absent": False}.get(parameters.get("header", "")))
    return rows_of_json(text, schema) if kind == JSON else rows_of_jsonlines(text, schema)


def rows_of_csv(text: str, schema: Schema, header: bool | None = None) -> Rows:
    """The rows of CSV, with a header or, in the features' order, without. `header` None: the first line decides."""
    lines = _lines(text if len(schema.names) == 1 else text.lstrip("\r\n"))
    if not lines:
        raise PayloadError("the body is empty; expected at least one row")
    if header is None:
        header = _is_header(lines[0], schema)
    names: Sequence[str] = schema.names
    if header:
        names = lines.pop(0)
        check_names(names, schema)
    width = len(names)
    check_size(len(lines), schema)
    if set(map(len, lines)) != {width}:
        lines = [line for line in lines if line != [""]]
        for index, line in enumerate(lines):
            if len(line) != width:
                order = "" if header else f"; without a header they are, in this order: {', '.join(names)}"
                raise PayloadError(f"row {index} has {len(line)} cells, expected {width}{order}", index)
    return schema.rows(dict(zip(names, zip(*lines, strict=True), strict=bool(lines))), len(lines))


def _lines(text: str) -> list[list[str]]:
    """The cells of each line. Empty lines at the end are ignored; elsewhere an empty line has one empty cell."""
    if "\0" in text:
        raise PayloadError("the CSV holds a NUL character")
    text = text.rstrip("\r\n")
    if not text:
        return []
    if '"' not in text:
        if "\r" in text:
            text = text.replace("\r\n", "\n")
        if "\r" in text:
            raise PayloadError("the CSV cannot be read: a carriage return ends no line; use line feeds")
        # A line without quotes is split at the commas: the same as the csv module's result, in half the time.
        return [line.split(",") for line in text.split("\n")]
    if _QUOTED.fullmatch(text) is None:
        raise PayloadError("the CSV cannot be read: a quote stands inside a value, or does not close")
    if csv.field_size_limit() < len(text):  # of the whole process, so it is never lowered
        csv.field_size_limit(len(text))
    try:
        return [line or [""] for line in csv.reader(io.StringIO(text, newline="\n"), strict=True)]
    except csv.Error as error:
        raise PayloadError(f"the CSV cannot be read: {error}") from None


def rows_of_json(text: str, schema: Schema) -> Rows:
    """One row as an object, a list of rows, {"rows": [...]}, {"instances": [...]}, or {"columns": {name: [...]}}."""
    return _typed(lambda decoder: _loaded(text, decoder), _of_document, schema)


def rows_of_jsonlines(text: str, schema: Schema) -> Rows:
    """One row per line, as an object or as a list in the features' order."""
    lines = [line for line in text.split("\n") if line.strip()]
    return _typed(
        lambda decoder: [_loaded(line, decoder, row) for row, line in enumerate(lines)],
        _of_list,
        schema,
    )


Cells = tuple[Mapping[str, Sequence[Any]], int]


def _typed(load: Callable[[json.JSONDecoder], Any], cells: Callable[[Any, Schema], Cells], schema: Schema) -> Rows:
    """The rows of a document. It is decoded again if the text of a number counts."""
    if not schema.has_literals:
        try:
            return schema.rows(*cells(load(_DECODER), schema), json=True)
        except TextNeededError:
            pass
    columns, count = cells(load(_NUMBER_DECODER if schema.writes_numbers else _TEXT_DECODER), schema)
    return schema.rows({name: [_text(v, name, schema) for v in given] for name, given in columns.items()}, count)


_TRUTHS = {True: "true", False: "false"}


def _text(value: Any, name: str, schema: Schema) -> Any:
    """A value of a document that was decoded as texts as the text of a cell."""
    if type(value) is JsonNumber:
        field = schema.by_name.get(name)
        return str(value) if field is None else field.written(str(value))
    return _TRUTHS.get(value, value) if type(value) is bool else value


def _of_document(document: Any, schema: Schema) -> Cells:
    if isinstance(document, dict) and len(document) == 1:
        ((name, content),) = document.items()
        if name in ENVELOPES and isinstance(content, list):
            return _of_list(content, schema)
        if name == COLUMNS and isinstance(content, dict):
            return _of_columns(content, schema)
    if isinstance(document, dict):
        return _of_list([document], schema)
    if isinstance(document, list):
        return _of_list(document, schema)
    raise PayloadError('the JSON is neither a row nor rows; expected an object, a list, or {"rows": [...]}')


def _of_list(items: Sequence[Any], schema: Schema) -> Cells:
    """Rows as objects or as lists in the features' order."""
    check_size(len(items), schema)
    if list in set(map(type, items)):
        items = [_named(item, index, schema) if type(item) is list else item for index, item in enumerate(items)]
    known, required = schema.known, schema.required
    for index, item in enumerate(items):
        if type(item) is not dict:
            raise PayloadError(f"row {index} is neither an object nor a list", index)
        names = item.keys()
        if not names <= known and not schema.takes_unknown:
            raise _unknown(next(name for name in names if name not in known), schema, index)
        if not required <= names:
            name = next(name for name in schema.names if name in required and name not in names)
            raise PayloadError(f"row {index} misses '{name}'", index, name)
    return {name: [item.get(name) for item in items] for name in schema.read_names}, len(items)


def _named(values: list[Any], index: int, schema: Schema) -> dict[str, Any]:
    names = schema.names
    if len(values) != len(names):
        raise PayloadError(f"row {index} has {len(values)} values, expected {len(names)}: {', '.join(names)}", index)
    return dict(zip(names, values, strict=True))


def _of_columns(content: Mapping[str, Any], schema: Schema) -> Cells:
    check_names(list(content), schema)
    lengths = {len(values) if isinstance(values, list) else -1 for values in content.values()}
    if len(lengths) != 1 or -1 in lengths:
        raise PayloadError("columns must be lists of the same length")
    return content, lengths.pop()


def _is_header(cells: Sequence[str], schema: Schema) -> bool:
    """True if at least half of the cells are column names: a misspelt one must not turn a header into data."""
    return 2 * len([cell for cell in cells if cell in schema.known]) >= len(cells)


def check_size(rows: int, schema: Schema) -> None:
    """Raises PayloadError for rows that unfold to too many cells: a row may leave every nullable feature out."""
    if rows * len(schema.names) > MOST_CELLS:
        raise PayloadError(f"{rows} rows of {len(schema.names)} features; at most {MOST_CELLS} cells are read")


def check_names(names: Sequence[str], schema: Schema) -> None:
    """Raises PayloadError for a column that is unknown, given twice or missing."""
    given = set(names)
    known = given <= schema.known or schema.takes_unknown
    if known and len(given) == len(names) and schema.required <= given:
        return
    seen: set[str] = set()
    for name in names:
        if not known and name not in schema.known:
            raise _unknown(name, schema)
        if name in seen:
            raise PayloadError(f"the column '{name}' is given twice", None, name)
        seen.add(name)
    name = next(name for name in schema.names if name in schema.required and name not in given)
    raise PayloadError(f"the column '{name}' is missing", None, name)


def _unknown(name: str, schema: Schema, row: int | None = None) -> PayloadError:
    shown = name if len(name) <= 40 else name[:40] + "..."
    where = "" if row is None else f"row {row}: "
    return PayloadError(f"{where}'{shown}' is no column of this model; it takes {', '.join(schema.names)}", row, shown)


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, as a decoder's object_pairs_hook. Raises ValueError for a repeated name."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"'{twice}' is given twice")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON; a missing value is null")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=without_repeats)
_TEXT_DECODER = json.JSONDecoder(
    parse_constant=_refuse_constant, object_pairs_hook=without_repeats, parse_int=str, parse_float=str
)

_NUMBER_DECODER = json.JSONDecoder(
    parse_constant=_refuse_constant, object_pairs_hook=without_repeats, parse_int=str, parse_float=JsonNumber
)


def _loaded(text: str, decoder: json.JSONDecoder, row: int | None = None) -> Any:
    where = "the JSON" if row is None else f"line {row}"
    if not text or text.isspace():
        raise PayloadError("the body is empty; expected at least one row")
    try:
        return decoder.decode(text)
    except RecursionError:
        raise PayloadError(f"{where} is nested too deeply", row) from None
    except ValueError as error:
        raise PayloadError(f"{where} cannot be read: {error}", row) from None
