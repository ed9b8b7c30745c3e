"""Proves that a block of JSON lines is plain, so that Polars may parse it into the contract's types.

Plain are lines with the same keys in the same order, each key once, and values of their column's type in a spelling
that every reader interprets alike: integers of at most 18 digits, strings without escapes. Other blocks are parsed
line by line.
"""

import json
import re
from collections.abc import Sequence

import polars as pl

from perennial.contract.dataset import Contract
from perennial.dtypes import DTYPES
from perennial.validation.casts import castable
from perennial.validation.csv_text import matches

_INTEGER = "-?(?:0|[1-9][0-9]{0,17})"
# Except -0, which Polars reads as 0, and integers beyond 2**53, which it rounds.
_EXPONENT = "[eE][+-]?[0-9]+"
_NUMBER = rf"(?:0|-?[1-9][0-9]{{0,14}}|-?(?:0|[1-9][0-9]*)\.[0-9]+(?:{_EXPONENT})?|-?[1-9][0-9]*{_EXPONENT})"
_STRING = r'"[^"\\\x00-\x1f]*"'
_VALUES = {"integer": _INTEGER, "number": _NUMBER, "boolean": "true|false"}
#: the pattern of wider lines exceeds the cache of the regex engine
_WIDEST = 256


def plain(data: bytes, keys: Sequence[str], columns: dict[str, str], contract: Contract) -> pl.DataFrame | None:
    """The contract's columns (`columns` has the key of each), null values not resolved; None unless proven plain.

    `data` is UTF-8 and ends in a line feed; `keys` are those of its first line.
    """
    line = pattern(keys, columns, contract)
    if line is None or not matches(data, rf"\A(?:{line}\r?\n)*\z"):
        return None
    return parsed(data, keys, columns, contract)


def pattern(keys: Sequence[str], columns: dict[str, str], contract: Contract) -> str | None:
    """The pattern of a plain line with these keys; None where there is none."""
    names = {key: name for name, key in columns.items()}
    if len(keys) > _WIDEST or not keys or not all(_simple(key) for key in keys):
        return None
    if not all(_is_text(name, contract) or castable(name, contract) for name in columns):
        return None
    members = ", ?".join(f'"{re.escape(key)}": ?(?:{_value(names.get(key), contract)}|null)' for key in keys)
    return rf"\{{{members}\}}"


def parsed(data: bytes, keys: Sequence[str], columns: dict[str, str], contract: Contract) -> pl.DataFrame | None:
    """The columns of lines that all match `pattern`; None where Polars cannot hold a number."""
    names = {key: name for name, key in columns.items()}
    schema = {key: _stored(names[key], contract) for key in keys if key in names}
    try:
        frame = pl.read_ndjson(data, schema=schema)
    except pl.exceptions.PolarsError:  # a number outside the range of floats
        return None
    if frame.height != data.count(b"\n"):
        return None
    missing = pl.lit(None, pl.String())
    return frame.select((pl.col(key) if key in schema else missing).alias(name) for name, key in columns.items())


def _simple(key: str) -> bool:
    return key.isascii() and json.dumps(key) == f'"{key}"'


def _value(name: str | None, contract: Contract) -> str:
    if name is None:
        return f"{_NUMBER}|true|false|{_STRING}"
    return _STRING if _is_text(name, contract) else _VALUES[contract.columns[name].type]


def _stored(name: str, contract: Contract) -> pl.DataType:
    return pl.String() if _is_text(name, contract) else DTYPES[contract.columns[name].type]


def _is_text(name: str, contract: Contract) -> bool:
    """True if a column's values are strings: a formatted number is one too."""
    column = contract.columns[name]
    return column.type not in _VALUES or column.format is not None
