"""The reader of tokens that the parsers of metric math and of filter patterns share."""

import re
from collections.abc import Callable


class TokenReader:
    """The tokens of a text: (name of the pattern's group, text).

    Args:
        text: the text.
        pattern: matches one token, by a named group.
        error: makes the exception for a reason.
    """

    def __init__(self, text: str, pattern: re.Pattern[str], error: Callable[[str], Exception]) -> None:
        self._error = error
        self._tokens: list[tuple[str, str]] = []
        self._next = 0
        place = 0
        while text[place:].strip():
            match = pattern.match(text, place)
            if match is None:
                raise error(f"it cannot be read from '{text[place:].strip()}'")
            self._tokens.append((str(match.lastgroup), match[match.lastgroup or 0]))
            place = match.end()

    def peek(self) -> str:
        """The text of the next token; empty at the end."""
        return self._tokens[self._next][1] if self._next < len(self._tokens) else ""

    def take(self) -> tuple[str, str]:
        """The next token. Raises the error at the end."""
        if self._next == len(self._tokens):
            raise self._error("it ends too early")
        self._next += 1
        return self._tokens[self._next - 1]

    def expect(self, text: str) -> None:
        """Takes the next token. Raises the error unless it is `text`."""
        if self.take()[1] != text:
            raise self.unexpected()

    def finish(self) -> None:
        """Raises the error unless all tokens are taken."""
        if self._next < len(self._tokens):
            self._next += 1
            raise self.unexpected()

    def unexpected(self, text: str | None = None) -> Exception:
        """The error for the token that was taken last, or for `text`."""
        return self._error(f"'{self._tokens[self._next - 1][1] if text is None else text}' is not expected there")
