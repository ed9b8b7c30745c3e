"""A model about people, and one person among its rows."""

from __future__ import annotations

from typing import Any

import polars as pl

from perennial.forgetting.subject import parse
from perennial.forgetting.tracing import Tracer
from perennial.spec import parse as spec_of

SPEC = spec_of(
    """
name: loans
problem: binary
target: paid
positive: true
card: {origin: made for the tests, licence: CC0-1.0, terms: tests only}
key: [customer]
columns:
  customer: {type: integer}
  name: {type: text}
  age: {type: integer, nullable: true}
  income: {type: number}
  town: {type: category}
  paid: {type: boolean}
"""
)
PERSON: dict[str, Any] = {
    "customer": 4711, "name": "Zoë Quirrelmann", "age": 41, "income": 1234.5, "town": "Kleinmarkt", "paid": True,
}  # fmt: skip


def table(count: int = 20) -> pl.DataFrame:
    """Rows of other people, with the person's in the middle."""
    rows = [
        PERSON | {"customer": number, "name": f"other {number}", "age": number, "income": number + 0.5, "town": "Bern"}
        for number in range(count)
    ]
    return pl.DataFrame([*rows[: count // 2], PERSON, *rows[count // 2 :]])


def tracer(*texts: str) -> Tracer:
    """A search for the person, or for other subjects."""
    return Tracer(SPEC, [parse(text, SPEC) for text in texts or ("customer=4711",)])
