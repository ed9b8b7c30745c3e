"""Content negotiation (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

from perennial.contract.requests import ALIASES, CSV, JSON, JSONLINES, parsed_type

OFFERED = (JSON, CSV, JSONLINES)


class NotAcceptableError(ValueError):
    """The client accepts none of the supported content types."""


def accepted(header: str) -> str:
    """The content type of the greatest quality; of several the server's first. Raises NotAcceptableError."""
    if not header.strip():
        return OFFERED[0]
    ranges = [parsed_type(part) for part in header.split(",") if part.strip()]
    wanted = [(_quality(kind, ranges), -place, kind) for place, kind in enumerate(OFFERED)]
    quality, _, kind = max(wanted)
    if quality <= 0:
        raise NotAcceptableError(f"'{header[:80]}' is accepted, but only {', '.join(OFFERED)} can be given")
    return kind


def _quality(kind: str, ranges: Sequence[tuple[str, dict[str, str]]]) -> float:
    """The q of the most specific range that covers the type; 0 if none does."""
    best, specificity = 0.0, -1
    for name, parameters in ranges:
        name = ALIASES.get(name, name)
        level = 2 if name == kind else 1 if name == kind.split("/")[0] + "/*" else 0 if name == "*/*" else -1
        if level > specificity:
            best, specificity = _number(parameters.get("q", "1")), level
    return best


def _number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 1.0
