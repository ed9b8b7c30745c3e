"""Shows that a step of a command goes on, and for how long: a status line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.status import Status

from cli.output import note, stderr

SOON = 2.0  # seconds after which a step is shown
_AGAIN = 10.0  # seconds between two plain lines
_LOOK = 0.25


@contextmanager
def waiting(text: str, after: float = SOON) -> Iterator[None]:
    """Shows the text with the seconds so far, from `after` seconds on, until the body ends."""
    ended = threading.Event()
    with stderr().status(f"{text} ...") as status:
        shows = threading.Thread(target=_show, args=(text, after, status, ended), daemon=True)
        if after <= 0 and not status.console.is_terminal:
            note(f"{text} ...", status.console)
        shows.start()
        try:
            yield
        finally:
            ended.set()
            shows.join()


def _show(text: str, after: float, status: Status, ended: threading.Event) -> None:
    began = time.monotonic()
    due = after if after > 0 else _AGAIN
    while not ended.wait(_LOOK):
        seconds = time.monotonic() - began
        if status.console.is_terminal and seconds >= SOON:
            status.update(f"{text} ... {seconds:.0f} s")
        elif not status.console.is_terminal and seconds >= due:
            note(f"{text} ... {seconds:.0f} s", status.console)
            due += _AGAIN
