"""Filter patterns of CloudWatch Logs: JSON conditions such as { $.event = "request" && $.status >= 500 }, and terms.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html, without patterns of columns.
"""

import fnmatch
import operator
import re
from collections.abc import Callable
from typing import Any

from embedded.metrics.token_reader import TokenReader

Entry = Any  # a log event as JSON, or MISSING
Condition = Callable[[Entry], bool]
MISSING = object()

_TOKEN = re.compile(
    r"\s*(?:(?P<path>\$(?:\.[A-Za-z_][\w-]*|\[\d+\]|\[(?:'[^']*'|\"[^\"]*\")\])*)|(?P<sign>&&|\|\||[<>!]=|[=<>()])"
    r"|(?P<quoted>\"(?:[^\"\\]|\\.)*\")|(?P<regex>%(?:[^%\\]|\\.)*%)|(?P<word>[^\s()=<>!&|]+))"
)
_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]|\[['\"](.*?)['\"]\]")
_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_IS: dict[str, Condition] = {
    "NULL": lambda value: value is None,
    "TRUE": lambda value: value is True,
    "FALSE": lambda value: value is False,
}


class PatternError(ValueError):
    """A pattern that CloudWatch Logs refuses, or that is not emulated."""


def compile_pattern(pattern: str) -> tuple[bool, Callable[[str, Entry], bool]]:
    """Compiles a filter pattern. Raises PatternError.

    Returns:
        True if it needs JSON, and the test of a log event by its text and its JSON (MISSING if it is not JSON).
    """
    text = pattern.strip()
    if text.startswith("[") and text.endswith("]"):
        raise PatternError("The embedded cloud does not emulate filter patterns of columns in brackets.")
    if text.startswith("{"):
        if not text.endswith("}"):
            raise PatternError(f"Invalid metric filter pattern {pattern}: the closing brace is missing")
        condition = _condition(text[1:-1])
        return True, lambda _, entry: isinstance(entry, dict) and condition(entry)
    return False, _terms(text)


def compile_path(path: str) -> Callable[[Entry], Any]:
    """Compiles a selector such as $.status or $.rows[0].name; its value is MISSING where there is none."""
    if not path.startswith("$") or not _TOKEN.fullmatch(path):
        raise PatternError(f"Invalid property selector {path}")
    steps = [name or quoted or int(index) for name, index, quoted in _STEP.findall(path[1:])]

    def follow(entry: Entry) -> Any:
        for step in steps:
            inside = len(entry) > step if isinstance(entry, list) and isinstance(step, int) else None
            if not (inside or (isinstance(entry, dict) and step in entry)):
                return MISSING
            entry = entry[step]
        return entry

    return follow


def _terms(text: str) -> Callable[[str, Entry], bool]:
    words = re.findall(r'([-?]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))', text)
    terms = [(sign, quoted or word) for sign, quoted, word in words]
    needed = [term for sign, term in terms if not sign]
    banned = [term for sign, term in terms if sign == "-"]
    either = [term for sign, term in terms if sign == "?"] if not needed else []  # AWS ignores ?terms beside others

    def matches(message: str, _: Entry) -> bool:
        return (
            all(term in message for term in needed)
            and not any(term in message for term in banned)
            and (not either or any(term in message for term in either))
        )

    return matches


def _condition(text: str) -> Condition:
    reader = TokenReader(
        text, _TOKEN, lambda reason: PatternError(f"Invalid metric filter pattern {{{text}}}: {reason}")
    )
    condition = _either(reader)
    reader.finish()
    return condition


def _either(reader: TokenReader) -> Condition:
    parts = [_both(reader)]
    while reader.peek() == "||":
        reader.take()
        parts.append(_both(reader))
    return lambda entry: any(part(entry) for part in parts)


def _both(reader: TokenReader) -> Condition:
    parts = [_single(reader)]
    while reader.peek() == "&&":
        reader.take()
        parts.append(_single(reader))
    return lambda entry: all(part(entry) for part in parts)


def _single(reader: TokenReader) -> Condition:
    kind, text = reader.take()
    if text == "(":
        condition = _either(reader)
        reader.expect(")")
        return condition
    if kind != "path":
        raise reader.unexpected()
    selector, sign = compile_path(text), reader.take()[1]
    if sign == "IS":
        word = reader.take()[1]
        if word not in _IS:
            raise reader.unexpected()
        return lambda entry: _IS[word](selector(entry))
    if sign == "NOT":
        reader.expect("EXISTS")
        return lambda entry: selector(entry) is MISSING
    compared = _comparison(reader, sign)
    return lambda entry: compared(selector(entry))


def _comparison(reader: TokenReader, sign: str) -> Condition:
    kind, text = reader.take()
    if sign in ("=", "!=") and kind in ("quoted", "regex", "word"):
        same = _equal(kind, text)
        return same if sign == "=" else lambda value: value is not MISSING and not same(value)
    number = _number(text) if kind == "word" else None
    if sign not in _ORDERS or number is None:
        raise reader.unexpected(f"{sign} {text}")
    compare = _ORDERS[sign]
    return lambda value: _is_number(value) and bool(compare(value, number))


def _equal(kind: str, text: str) -> Condition:
    if kind == "regex":
        try:
            expression = re.compile(text[1:-1])
        except re.error as error:
            raise PatternError(f"Invalid metric filter pattern: {text}: {error}") from error
        return lambda value: isinstance(value, str) and expression.search(value) is not None
    number = _number(text) if kind == "word" else None
    if number is not None:
        return lambda value: _is_number(value) and value == number
    wanted = re.sub(r"\\(.)", r"\1", text[1:-1]) if kind == "quoted" else text
    if "*" not in wanted:
        return lambda value: isinstance(value, str) and value == wanted
    mask = re.compile(fnmatch.translate(wanted.replace("[", "[[]").replace("?", "[?]")))
    return lambda value: isinstance(value, str) and mask.match(value) is not None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
