"""The errors of the client, each one line: the fault, its place, the reason and the next command."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from perennial import PerennialError

ERROR, USAGE, REFUSED = 1, 2, 3
#: characters that a terminal obeys or that reorder a line: C0 and C1 without line feed and tab, and bidi controls
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class ClientError(PerennialError):
    """An error of the user; `code` is the exit code of the command."""

    def __init__(self, message: str, code: int = ERROR) -> None:
        super().__init__(message)
        self.code = code


def usage(message: str) -> ClientError:
    """The error for wrong usage."""
    return ClientError(message, USAGE)


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A hint with the nearest known name."""
    lowered = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), list(lowered), n=1)
    if close:
        return f"; did you mean '{lowered[close[0]]}'?"
    shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
    return f"; there are: {shown}" if known else "; there are none"


def printable(text: str) -> str:
    """A text with its control characters as escapes: names of columns and objects are others' texts."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
