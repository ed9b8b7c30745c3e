"""Reads JSON that may be malformed: an absent or malformed value is None or empty, a long text is truncated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.gate.check import member, number

__all__ = [
    "entries",
    "mapping",
    "member",
    "metric_value",
    "metric_values",
    "number",
    "numbers",
    "sentences",
    "text",
    "whole",
]

LONGEST = 300  # characters of a name or value; a sentence may be longer
SENTENCE = 1200


def text(value: object, longest: int = LONGEST) -> str:
    """A name or a value as plain text: on one line, without control characters, truncated."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    written = str(value)[: 4 * longest].encode("utf-8", "replace").decode()
    written = " ".join(
        "".join(letter if letter.isprintable() or letter.isspace() else "�" for letter in written).split()
    )
    return written if len(written) <= longest else written[: longest - 1] + "…"


def sentences(value: object) -> list[str]:
    """The texts of a list."""
    return [text(entry, SENTENCE) for entry in entries(value) if isinstance(entry, str)]


def mapping(value: object) -> Mapping[str, Any]:
    """A mapping, an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def entries(value: object) -> list[Any]:
    """A list, an empty one for anything else."""
    return list(value) if isinstance(value, list | tuple) else []


def whole(value: object) -> int | None:
    """A count."""
    found = number(value)
    return None if found is None or found < 0 or abs(found) > 1e18 else round(found)


def numbers(value: object) -> list[float]:
    """The finite numbers of a list; empty if one of them is not a finite number."""
    found = [number(entry) for entry in entries(value)]
    return [] if None in found else [entry for entry in found if entry is not None]


def metric_value(value: object) -> dict[str, float | None]:
    """{"value", "low", "high"}, each a finite number or None."""
    seen = mapping(value)
    return {name: number(seen.get(name)) for name in ("value", "low", "high")}


def metric_values(value: object) -> dict[str, dict[str, float | None]]:
    """The metrics that have a value, by name."""
    found = {text(name): metric_value(seen) for name, seen in mapping(value).items()}
    return {name: seen for name, seen in found.items() if seen["value"] is not None}
