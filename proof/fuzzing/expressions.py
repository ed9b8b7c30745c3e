"""Expressions of a spec: row rules, amounts of the gate's value, and patterns of texts."""

from __future__ import annotations

from functools import cache

import polars as pl

from perennial.contract.columns import Column
from perennial.contract.fields import Field
from perennial.contract.patterns import PatternError, matcher, whole
from perennial.dtypes import dtypes
from perennial.gate.arithmetic import ArithmeticSyntaxError, Expression
from perennial.validation.expressions import FUNCTIONS, KEYWORDS, ExpressionError, compile_rule
from proof.fuzzing.example import frame, spec
from proof.fuzzing.harness import Harness

_TEXTS = ("", "A1", "AB12", "a" * 200, "\u00e9\u0301", "x\ny")


def read_expression(data: bytes) -> object:
    """Reads a row rule, and after a first byte of = an amount, as a spec is checked; then computes it over rows."""
    text = data.decode(errors="replace")
    if text.startswith("="):
        amount = Expression(text[1:])
        columns = {name: float(place) for place, name in enumerate(amount.names)}
        return amount.names, repr(amount.over(columns))
    rule = compile_rule(text, dtypes(spec().contract()))
    rows = frame()
    try:
        return rows.select(rule.alias("rule")).to_series().to_list()
    except pl.exceptions.PolarsError as error:
        return type(error).__name__  # validation turns it into a problem of the file


def read_pattern(data: bytes) -> object:
    """Reads a pattern as a spec is checked; then uploads and the endpoint match texts by it."""
    pattern = data.decode(errors="replace")
    fits = matcher(pattern)
    asked = Field("code", Column("text", pattern=pattern))
    served = [asked.breach(text) is None for text in _TEXTS]
    uploaded = _series().str.contains(whole(pattern)).to_list()
    if served != uploaded or served != list(map(fits, _TEXTS)):
        raise AssertionError(f"the endpoint finds {served}, uploads {uploaded}")
    return served


@cache
def _series() -> pl.Series:
    return pl.Series(_TEXTS)


HARNESSES = {
    "expressions": Harness(
        read_expression,
        (
            b"age >= 18 or member is null",
            b"joined <= seen and income between 0 and 1e6",
            b"case when city in ('Bern', 'Rome') then length(code) > 2 else not member end",
            b"extract(year from seen) >= 2015 and starts_with(code, 'A') and \"age\" % 2 = 0",
            b"cast(weight as integer) < 200 and coalesce(income, 0) >= 0 and regexp_like(code, '^[A-Z]')",
            b"date_part('month', joined) = 1 and seen - interval '1d' < date '2026-01-01'",
            b"=20 + 0.01 * age",
            b'=-("age" - 3.5e2) / (income * 2)',
        ),
        (ExpressionError, ArithmeticSyntaxError),
        (
            *(f"{word} " for word in sorted(KEYWORDS)),
            *(f"{name}(" for name in sorted(FUNCTIONS)),
            *("age", "income", "weight", "city", "code", "member", "joined", "seen", "'", '"', "::", "||", "~*", "<>"),
        ),
    ),
    "patterns": Harness(
        read_pattern,
        (rb"[A-Z]{2}[0-9]+", rb"(?i:a|b)*\.?", rb"\p{L}+\d{1,3}", rb"(?P<x>a)(?:b|c)?$", rb"[^\s&&[a-z]]\b"),
        (PatternError,),
        ("(?i)", "(?:", "(?P<", "\\p{L}", "\\d", "\\w", "{1000}", "{0,9}", "[^", "&&", "\\b", "\\A", "\\z", "*?", "++"),
    ),
}
