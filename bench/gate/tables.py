"""Measured tables in a page, between marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class NoPlaceError(ValueError):
    """The page has no marks for the table."""


def put(page: Path, name: str, lines: Sequence[str]) -> None:
    """Replaces the text between <!-- name --> and <!-- /name -->. Raises NoPlaceError."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = page.read_text(encoding="utf-8")
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not (found and closed):
        raise NoPlaceError(f"{page} has no {begin} ... {end}; put both lines where the table belongs")
    page.write_text("\n".join([head + begin, *lines, end + tail]), encoding="utf-8")
