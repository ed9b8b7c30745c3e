"""A file's header against the contract: duplicate, missing, misspelt and unknown columns."""

import difflib
import re
from collections import Counter
from collections.abc import Sequence

from perennial.contract.dataset import Contract
from perennial.dtypes import is_pattern
from perennial.validation.source import UnreadableError
from perennial.validation.table import Columns
from perennial.validation.verdict import Problem

_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars", ":": "colons"}
#: names that are compared for misspellings: with n of them on each side it takes n squared comparisons
_COMPARED = 100
_VALUE = re.compile(r"[-+]?\d+([.,]\d*)?([eE][-+]?\d+)?|\d{4}-\d\d-\d\d.*|")


def match(names: Sequence[str], contract: Contract) -> Columns:
    """Finds each of the contract's columns in the header; a misspelt one is accepted if the match is unambiguous.

    Raises UnreadableError when there are more columns than the limits allow.
    """
    allowed = contract.limits.columns
    if len(names) > allowed:
        raise UnreadableError("too-many-columns", f"the file has {len(names):,} columns, {allowed:,} are allowed")
    problems = [_duplicate(name, count) for name, count in Counter(names).items() if count > 1]
    first = {name: place for place, name in reversed(list(enumerate(names)))}
    places = {name: first[name] for name in contract.columns if name in first}
    unknown = list(dict.fromkeys(name for name in names if name not in contract.columns))
    missing = [name for name in contract.columns if name not in places]
    for place, name in enumerate(missing):
        meant = _closest(name, unknown[:_COMPARED]) if place < _COMPARED else None
        problems.append(_missing(name, meant))
        if meant is not None:
            unknown.remove(meant)
            places[name] = first[meant]
    if contract.validation.unknown_columns == "ignore":
        return Columns(len(names), places, tuple(problems), tuple(unknown))
    known = list(contract.columns)[:_COMPARED]
    problems += [_unknown(name, known if place < _COMPARED else ()) for place, name in enumerate(unknown)]
    return Columns(len(names), places, tuple(problems))


def check_header(names: Sequence[str], line: str, contract: Contract) -> None:
    """Raises UnreadableError if the line is not a header of this contract: another delimiter, or values."""
    if any(name in contract.columns for name in names):
        return
    for delimiter, plural in _OTHER_DELIMITERS.items():
        cells = {cell.strip().strip('"') for cell in line.split(delimiter)}
        if len(cells) > 1 and len(cells & set(contract.columns)) * 2 >= len(contract.columns):
            raise UnreadableError("delimiter", f"the values are separated by {plural}; commas are expected")
    if any(_closest(name, names[:_COMPARED]) for name in list(contract.columns)[:_COMPARED]):
        return
    values = sum(bool(_VALUE.fullmatch(name.strip())) for name in names)
    if values * 4 >= len(names) or len(names) == len(contract.columns):
        found = ", ".join(f"'{name[:20]}'" for name in list(names)[:3])
        message = f"the first line holds values ({found}, ...), not the names of columns; a header is expected"
        raise UnreadableError("header", message)


def _closest(name: str, candidates: Sequence[str]) -> str | None:
    plain = {_plain(candidate): candidate for candidate in candidates if not is_pattern(candidate)}
    close = difflib.get_close_matches(_plain(name), list(plain), n=1, cutoff=0.75)
    return plain[close[0]] if close and close[0] else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _duplicate(name: str, count: int) -> Problem:
    return Problem("duplicate-column", f"column '{name}' is there {count} times; once is expected", name, count=count)


def _missing(name: str, meant: str | None) -> Problem:
    hint = f"; did you mean '{meant}' to be '{name}'?" if meant is not None else ""
    return Problem("missing-column", f"column '{name}' is missing{hint}", name)


def _unknown(name: str, known: Sequence[str]) -> Problem:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    hint = f"; is it another '{close[0]}'?" if close else ""
    return Problem("unknown-column", f"column '{name[:100]}' is not in the contract{hint}", name[:100])
