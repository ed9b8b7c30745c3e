"""The regular expressions of the service models: Java's syntax, matched by the `regex` package in bounded time."""

import re
import time
from functools import lru_cache

import regex

_SHORT = 256  # characters of a text whose result is cached
_SECONDS = 0.1  # of the thread's CPU; `regex` checks its clock rarely, so that a match may take ten times as long
# Java's classes are ASCII, and a nested set is a union, as in version 1 of `regex`.
_CLASSES = {
    "w": "[A-Za-z0-9_]",
    "W": "[^A-Za-z0-9_]",
    "d": "[0-9]",
    "D": "[^0-9]",
    "s": r"[ \t\n\x0B\f\r]",
    "S": r"[^ \t\n\x0B\f\r]",
}
_ESCAPE = re.compile(r"\\([wWdDsS\\]|.)", re.DOTALL)
# A supplementary plane is written as a pair of surrogate ranges; some models write it with five digits.
_PLANES = re.compile(r"\\uD800\\uDC00-\\uDBFF\\uDFFF|\\u10000-\\u10FFFF", re.IGNORECASE)
_ANCHOR_TIMES = re.compile(r"(?<!\\)\$\{\d+(?:,\d*)?\}")


class Pattern:
    """A pattern of a service model, which must match the whole text."""

    def __init__(self, pattern: str) -> None:
        text = _ANCHOR_TIMES.sub("$", _PLANES.sub(lambda _: r"\U00010000-\U0010FFFF", pattern))
        text = _ESCAPE.sub(lambda found: _CLASSES.get(found[1], found[0]), text)
        self._compiled = regex.compile(text, regex.V1)
        self._known = lru_cache(maxsize=256)(self._match)  # names recur; a match takes 10 to 40 us

    def fits(self, text: str) -> bool:
        """True if the whole text matches; False for a match that takes 0.1 s of the thread's CPU."""
        return self._known(text) if len(text) <= _SHORT else self._match(text)

    def _match(self, text: str) -> bool:
        began = time.thread_time()
        while True:  # `regex` counts elapsed time too, which on a busy machine passes without the thread
            try:
                return self._compiled.fullmatch(text, timeout=_SECONDS) is not None
            except TimeoutError:
                if time.thread_time() - began >= _SECONDS:
                    return False
