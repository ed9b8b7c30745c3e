"""Value expressions of a spec, such as `0.02 * amount - 1`: parsed with Python's grammar, evaluated without `eval`.

Pure Python: the same code checks a spec in a Lambda without NumPy and evaluates whole columns in a training job.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

_LONGEST, _DEEPEST = 500, 40
_QUOTED = re.compile(r"'(?:[^']|'')+'" + r'|"(?:[^"]|"")+"')


def _divided(dividend: Any, divisor: Any) -> Any:
    """The quotient; a division by 0 gives NaN, for numbers as for arrays."""
    return dividend * math.nan if isinstance(divisor, float) and divisor == 0 else dividend / divisor


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _divided,
}
_ALLOWED = "only numbers, columns, + - * / and parentheses are allowed"


class ArithmeticSyntaxError(ValueError):
    """An expression is malformed or uses something that is not allowed. The message quotes it."""


class Expression:
    """A parsed expression. A column is named as it is, or quoted as in SQL: `2 * "a ""quoted"" name"`."""

    def __init__(self, written: float | str) -> None:
        """`written` is an expression or a number. Raises ArithmeticSyntaxError."""
        self.written = str(written)
        if isinstance(written, int | float):
            self._tree: ast.expr = ast.Constant(_finite(written, self.written))
        else:
            self._tree = _parsed(written)
        #: the columns it uses, each once, in order of appearance
        self.names = tuple(dict.fromkeys(_names(self._tree)))

    def over(self, columns: Mapping[str, Any]) -> Any:
        """The value for `columns`, which are numbers or arrays of one shape. Raises KeyError for a missing column."""
        return _computed(self._tree, columns)


def _parsed(text: str) -> ast.expr:
    if len(text) > _LONGEST:
        raise ArithmeticSyntaxError(f"an expression of {len(text)} characters is too long; at most {_LONGEST}")
    try:
        tree = _tree(text.strip())
        _check(tree, text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, ArithmeticSyntaxError):
            raise
        raise ArithmeticSyntaxError(f"'{text}' is not a valid expression: {_ALLOWED}") from None
    return tree


def _tree(text: str) -> ast.expr:
    """Quoted names are taken out before Python's grammar reads the rest, for it would read backslashes in them.

    There are no texts in arithmetic, so single quotes are taken for a name as well.
    """
    mark = "q"
    while mark in text:
        mark += "_"
    names: dict[str, str] = {}

    def place(found: re.Match[str]) -> str:
        key, quote = f"{mark}{len(names)}", found[0][0]
        names[key] = found[0][1:-1].replace(2 * quote, quote)
        return f" {key} "

    plain = _QUOTED.sub(place, text)
    if "'" in plain or '"' in plain:  # quoted as Python does
        return ast.parse(text, mode="eval").body
    tree = ast.parse(plain.strip(), mode="eval").body
    return cast(ast.expr, _Names(names).visit(tree))


class _Names(ast.NodeTransformer):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self._names[node.id]) if node.id in self._names else node


def _check(node: ast.expr, text: str, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise ArithmeticSyntaxError(f"'{text}' is nested more than {_DEEPEST} deep")
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            _check(left, text, depth + 1)
            _check(right, text, depth + 1)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _check(operand, text, depth + 1)
        case ast.Constant(value=value) if isinstance(value, int | float) and not isinstance(value, bool):
            _finite(value, text)
        case ast.Constant(value=str()) | ast.Name():
            pass
        case _:
            raise ArithmeticSyntaxError(f"'{ast.unparse(node)}' in '{text}' cannot be used: {_ALLOWED}")


def _finite(value: float, text: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ArithmeticSyntaxError(f"'{text}' holds a number that is not finite")
    return number


def _names(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.BinOp(left=left, right=right):
            yield from _names(left)
            yield from _names(right)
        case ast.UnaryOp(operand=operand):
            yield from _names(operand)
        case ast.Constant(value=str(name)) | ast.Name(id=name):
            yield name


def _computed(node: ast.expr, columns: Mapping[str, Any]) -> Any:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_computed(left, columns), _computed(right, columns))
        case ast.UnaryOp(op=op, operand=operand):
            value = _computed(operand, columns)
            return -value if isinstance(op, ast.USub) else value
        case ast.Constant(value=str(name)) | ast.Name(id=name):
            return columns[name]
        case ast.Constant(value=int() | float() as number):
            return float(number)
    raise ArithmeticSyntaxError(f"'{ast.unparse(node)}' cannot be used: {_ALLOWED}")
