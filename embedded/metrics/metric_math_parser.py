"""The parser of metric math expressions.

The grammar is https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html, without arrays,
SEARCH, Metrics Insights, anomaly bands and the functions that `metric_math.FUNCTIONS` does not list.
"""

import re
from dataclasses import dataclass, field

from embedded.metrics.metric_data import MetricQueryError

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
    """Reads an expression. Raises ExpressionError, saying where it cannot go on."""
    reader = _Reader(expression)
    node = reader.level(0)
    reader.finish()
    return node


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while text[place:].strip():
            match = _TOKEN.match(text, place)
            if match is None:
                raise ExpressionError(f"Error in expression '{text}': it cannot be read from '{text[place:].strip()}'")
            self._tokens.append((str(match.lastgroup), match[match.lastgroup or 0]))
            place = match.end()
        self._place = 0

    def level(self, depth: int) -> Node:
        """Operators of the level `depth`, the loosest first, from the left."""
        if depth == len(_LEVELS):
            return self._single()
        node = self.level(depth + 1)
        while self._peek() in _LEVELS[depth]:
            operator = self._take()[1]
            node = Node({"OR": "||", "AND": "&&"}.get(operator, operator), parts=(node, self.level(depth + 1)))
        return node

    def finish(self) -> None:
        """Raises ExpressionError if anything is left."""
        if self._place < len(self._tokens):
            raise self._error()

    def _single(self) -> Node:
        kind, text = self._take()
        if kind == "number":
            return Node("number", text)
        if text == "-":
            return Node("-", parts=(Node("number", "0"), self._single()))
        if text == "(":
            node = self.level(0)
            self._expect(")")
            return node
        if kind == "name" and self._peek() == "(":
            self._take()
            return Node("call", text.upper(), self._arguments())
        if kind == "name":
            return Node("name", text)
        raise self._error()

    def _arguments(self) -> tuple[Node, ...]:
        parts: list[Node] = []
        if self._peek() != ")":
            parts.append(self.level(0))
            while self._peek() == ",":
                self._take()
                parts.append(self.level(0))
        self._expect(")")
        return tuple(parts)

    def _peek(self) -> str:
        return self._tokens[self._place][1] if self._place < len(self._tokens) else ""

    def _take(self) -> tuple[str, str]:
        if self._place == len(self._tokens):
            raise ExpressionError(f"Error in expression '{self._text}': it ends too early")
        self._place += 1
        return self._tokens[self._place - 1]

    def _expect(self, sign: str) -> None:
        if self._take()[1] != sign:
            raise self._error()

    def _error(self) -> ExpressionError:
        word = self._tokens[min(self._place, len(self._tokens)) - 1][1]
        return ExpressionError(f"Error in expression '{self._text}': '{word}' is not expected there")
