"""Patterns of columns, matched in linear time by Rust's regular expressions: Polars brings them for validation,
pydantic-core for single values.

Python's `re` backtracks: a caller of the endpoint can send a text on which `([a-z]+\\.?)+@x` takes hours.
"""

from __future__ import annotations

from collections.abc import Callable


class PatternError(ValueError):
    """A pattern is no regular expression of the linear engine."""


def whole(pattern: str) -> str:
    """The pattern as it must match the whole value, line breaks included."""
    return rf"\A(?:{pattern})\z"


def matcher(pattern: str) -> Callable[[str], bool]:
    """The test whether a whole text matches. Raises PatternError."""
    # imported with the first pattern: most models have none, and their archives do not carry the engine
    from pydantic_core import SchemaError, SchemaValidator, core_schema

    for text in (pattern, whole(pattern)):  # the first refuses a parenthesis that closes ours
        try:
            found = SchemaValidator(core_schema.str_schema(pattern=text, regex_engine="rust-regex"))
        except SchemaError as error:
            raise PatternError(_reason(str(error))) from None
    return found.isinstance_python


def _reason(message: str) -> str:
    """The last line of the engine's message, which has the reason."""
    return message.strip().splitlines()[-1].removeprefix("error: ")[:200]
