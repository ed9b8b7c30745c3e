"""Content types: what was sent, and what may be answered (RFC 9110, 8.3 and 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

OFFERED = ("application/json", "text/csv", "application/jsonlines")
PARQUET = "application/vnd.apache.parquet"
READ = (*OFFERED, PARQUET)
_ALSO_CALLED = {
    "application/x-jsonlines": "application/jsonlines",
    "application/x-ndjson": "application/jsonlines",
    "application/jsonl": "application/jsonlines",
    "application/x-parquet": PARQUET,
    "application/parquet": PARQUET,
}
_CHARSETS = ("", "utf-8", "utf8", "us-ascii")


class UnsupportedTypeError(ValueError):
    """The content type of a request is none that we read."""


class NotAcceptableError(ValueError):
    """Nothing that we write is accepted by the one who asks."""


def content_type(header: str) -> tuple[str, dict[str, str]]:
    """The type that was sent, by our name for it, and its parameters. Raises UnsupportedTypeError."""
    kind, parameters = _parsed(header)
    kind = _ALSO_CALLED.get(kind, kind)
    if kind not in READ:
        raise UnsupportedTypeError(f"the content type is '{kind[:80] or 'not given'}'; expected {', '.join(READ)}")
    if parameters.get("charset", "").lower() not in _CHARSETS:
        raise UnsupportedTypeError(f"the charset is '{parameters['charset']}'; expected utf-8")
    return kind, parameters


def accepted(header: str) -> str:
    """The type to answer with: the one most wanted, ours first where several are. Raises NotAcceptableError."""
    if not header.strip():
        return OFFERED[0]
    ranges = [_parsed(part) for part in header.split(",") if part.strip()]
    wanted = [(_quality(kind, ranges), -place, kind) for place, kind in enumerate(OFFERED)]
    quality, _, kind = max(wanted)
    if quality <= 0:
        raise NotAcceptableError(f"'{header[:80]}' is accepted, but only {', '.join(OFFERED)} can be given")
    return kind


def _quality(kind: str, ranges: Sequence[tuple[str, dict[str, str]]]) -> float:
    """The q of the most specific range that covers the type; 0 where none does."""
    best, specificity = 0.0, -1
    for name, parameters in ranges:
        name = _ALSO_CALLED.get(name, name)
        level = 2 if name == kind else 1 if name == kind.split("/")[0] + "/*" else 0 if name == "*/*" else -1
        if level > specificity:
            best, specificity = _number(parameters.get("q", "1")), level
    return best


def _number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 1.0


def _parsed(header: str) -> tuple[str, dict[str, str]]:
    kind, *parts = header.split(";")
    pairs = (part.partition("=") for part in parts if "=" in part)
    return kind.strip().lower(), {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
