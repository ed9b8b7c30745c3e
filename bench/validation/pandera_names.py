"""pandera's names of the checks, on both of its data frames. Standard library only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any


def broken(cases: Iterable[tuple[str, str, Any]]) -> Counter[str]:
    """The number of rows that break each rule of rules.py, from pandera's failure cases as (column, check, row).

    A check over the whole row fails once for each of its columns, and is counted once.
    """
    return Counter(rule for rule, _ in {(_rule(column, check), row) for column, check, row in cases})


def _rule(column: str, check: str) -> str:
    names = {
        "in_range": column,
        "isin": column,
        "str_length": f"{column} length",
        "str_matches": f"{column} pattern",
        "field_uniqueness": f"{column} unique",
        "not_nullable": "nulls",
        "dtype": "types",
    }
    return names.get(check.split("(")[0], check)
