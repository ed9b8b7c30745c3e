"""The parser of metric math expressions.

The grammar is https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html, without arrays,
SEARCH, Metrics Insights, anomaly bands and the functions that `metric_math.FUNCTIONS` does not list.
"""

import re
from dataclasses import dataclass, field

from embedded.metrics.metric_data import MetricQueryError
from embedded.metrics.token_reader import TokenReader

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z_]\w*)|(?P<sign>&&|\|\||[<>!=]=|[-+*/^<>(),]))"
)
_LEVELS = (("||", "OR"), ("&&", "AND"), ("<", "<=", ">", ">=", "==", "!="), ("+", "-"), ("*", "/"), ("^",))


class ExpressionError(MetricQueryError):
    """An expression that CloudWatch refuses, or that is not emulated."""


@dataclass(frozen=True)
class Node:
    """One operation: `kind` is number, name, call or an operator; `text` its number, name or function."""

    kind: str
    text: str = ""
    parts: tuple["Node", ...] = field(default=())

    def names(self) -> set[str]:
        """The ids that the expression refers to."""
        own = {self.text} if self.kind == "name" else set()
        return own.union(*(part.names() for part in self.parts))


def parse(expression: str) -> Node:
    """Parses an expression. Raises ExpressionError with the place."""

    def error(reason: str) -> ExpressionError:
        return ExpressionError(f"Error in expression '{expression}': {reason}")

    reader = TokenReader(expression, _TOKEN, error)
    node = _level(reader, 0)
    reader.finish()
    return node


def _level(reader: TokenReader, depth: int) -> Node:
    """Operators of the level `depth`, lowest precedence first, from the left."""
    if depth == len(_LEVELS):
        return _operand(reader)
    node = _level(reader, depth + 1)
    while reader.peek() in _LEVELS[depth]:
        operator = reader.take()[1]
        node = Node({"OR": "||", "AND": "&&"}.get(operator, operator), parts=(node, _level(reader, depth + 1)))
    return node


def _operand(reader: TokenReader) -> Node:
    kind, text = reader.take()
    if kind == "number":
        return Node("number", text)
    if text == "-":
        return Node("-", parts=(Node("number", "0"), _operand(reader)))
    if text == "(":
        node = _level(reader, 0)
        reader.expect(")")
        return node
    if kind == "name" and reader.peek() == "(":
        reader.take()
        return Node("call", text.upper(), _arguments(reader))
    if kind == "name":
        return Node("name", text)
    raise reader.unexpected()


def _arguments(reader: TokenReader) -> tuple[Node, ...]:
    parts: list[Node] = []
    if reader.peek() != ")":
        parts.append(_level(reader, 0))
        while reader.peek() == ",":
            reader.take()
            parts.append(_level(reader, 0))
    reader.expect(")")
    return tuple(parts)
