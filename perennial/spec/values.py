"""Does a value that a spec names fit the column it is named for?"""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from perennial.spec.data import Column
from perennial.spec.words import did_you_mean


def text_of(value: Any) -> str:
    """true and false as in YAML."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def misfit(value: Any, column: Column, name: str, bounded: bool = True) -> str | None:
    """What is wrong with it in a sentence's part, None where it fits. `bounded`: must it be within the bounds?"""
    if value is None:
        return None if column.nullable else f"'{name}' is not nullable"
    if not _is_of(value, column.type):
        return f"'{text_of(value)}' is no {column.type}, which '{name}' is"
    if column.values is not None:
        known = [text_of(one) for one in column.values]
        if text_of(value) not in known:
            return f"'{text_of(value)}' is not among the values of '{name}'{did_you_mean(text_of(value), known)}"
    if bounded and column.minimum is not None and value < column.minimum:
        return f"{value} is below the minimum {column.minimum} of '{name}'"
    if bounded and column.maximum is not None and value > column.maximum:
        return f"{value} is above the maximum {column.maximum} of '{name}'"
    return None


def _is_of(value: Any, kind: str) -> bool:
    match kind:
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        case "date" | "datetime":
            return isinstance(value, str) and _is_moment(value)
        case _:
            return True


def _is_moment(value: str) -> bool:
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
