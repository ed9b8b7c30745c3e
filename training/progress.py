"""Progress of a training in its log: fold, tree or trial of how many, at most one line every two seconds.

A fit that is not that of the candidate names the trial that it belongs to.
"""

from __future__ import annotations

import contextlib
import contextvars
import io
import re
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, TextIO

from training.ensemble import parts
from training.job import report

_SECONDS = 2.0
# HistGradientBoosting prints the first, a forest the second, for each tree, where they are verbose.
_TREE = re.compile(r"^\[(\d+)/(\d+)\]|^building tree (\d+) of (\d+)")


_TRIAL: contextvars.ContextVar[str] = contextvars.ContextVar("trial", default="")


@contextlib.contextmanager
def trial(name: str) -> Iterator[None]:
    """Names the trial of the fits in the body: what is tried, and on which fold."""
    before = _TRIAL.set(name)
    try:
        yield
    finally:
        _TRIAL.reset(before)


class Progress:
    """Reports how many of a total are done; `of` says what they are: fold, tree, trial. `trial` names theirs."""

    def __init__(self, of: str, total: int, trial: str = "") -> None:
        self._of, self._total = of, total
        self._trial = {"trial": trial} if trial else {}
        self._last = float("-inf")

    def done(self, count: int) -> None:
        """Reports the count, unless the last report was a moment ago."""
        now = time.monotonic()
        if now - self._last >= _SECONDS or count == self._total:
            self._last = now
            report("progress", of=self._of, done=count, total=self._total, **self._trial)


@contextlib.contextmanager
def trees(estimator: Any) -> Iterator[None]:
    """Reports the trees of an estimator that prints them, while it is fitted; its parameters are as before then.

    Only in the main thread: all threads share stdout.
    """
    told = [each for each in parts(estimator) if _is_quiet(each)]
    if not told or threading.current_thread() is not threading.main_thread():
        yield
        return
    for each in told:
        each.set_params(verbose=2)
    try:
        with contextlib.redirect_stdout(_Trees(sys.stdout)):
            yield
    finally:
        for each in told:
            each.set_params(verbose=0)


def _is_quiet(estimator: Any) -> bool:
    """True for an estimator that can print its trees, and does not."""
    settings = estimator.get_params() if hasattr(estimator, "get_params") else {}
    told = settings.get("verbose") if "max_leaf_nodes" in settings else None
    return told is not None and not isinstance(told, bool) and told == 0


class _Trees(io.TextIOBase):
    """Replaces the lines that an estimator prints for each tree by reports of its progress; others it drops."""

    def __init__(self, stdout: TextIO) -> None:
        self._stdout, self._line = stdout, ""
        self._trial = _TRIAL.get()  # workers of a forest, which print too, do not have it
        self._progress: Progress | None = None
        self._count = self._total = 0

    def write(self, text: str) -> int:
        """Takes printed text, which may be parts of lines: HistGradientBoosting prints the counter first."""
        self._line += text
        *whole, self._line = self._line.split("\n")
        for line in whole:
            self._take(line)
        return len(text)

    def _take(self, line: str) -> None:
        found = _TREE.match(line.strip())
        if found is None:
            return
        total = int(found[2] or found[4])
        if self._progress is None or self._count == self._total:  # the next member of an ensemble
            self._progress, self._count, self._total = Progress("tree", total, self._trial), 0, total
        self._count += 1  # workers of a forest finish in any order
        with contextlib.redirect_stdout(self._stdout):
            self._progress.done(self._count)
