"""A harness of one input, and the check of the property for some bytes."""

from __future__ import annotations

import importlib
import resource
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from proof.fuzzing import INPUTS

MOST_BYTES = 64 << 10  # of an input
MOST_SECONDS = 1.0
MOST_MEMORY = 512 << 20
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Harness:
    """The reader of an input, with the errors that it declares.

    `read` returns plain values that can be compared. `words` are parts of the grammar, which mutations insert.
    """

    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    refusals: tuple[type[Exception], ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """A breach of the property: its kind, the place in our code, and the details."""

    kind: str
    place: str
    details: str


def load(name: str) -> Harness:
    """The harness of an input by its name."""
    harnesses: dict[str, Harness] = importlib.import_module(INPUTS[name]).HARNESSES
    return harnesses[name]


def examine(harness: Harness, data: bytes, again: bool = True) -> Fault | None:
    """Reads the bytes; with `again` a second time. Returns the first breach of the property."""
    before, started = _reset_peak(), time.process_time()
    try:
        found = _outcome(harness, data)
        seconds, memory = time.process_time() - started, _peak() - before
        if seconds > MOST_SECONDS:
            return Fault("slow", "", f"{seconds:.1f} s of CPU time")
        if memory > MOST_MEMORY:
            return Fault("memory", "", f"{memory >> 20} MB")
        if again and (other := _outcome(harness, data)) != found:
            return Fault("another value", "", f"{found[:500]} and then {other[:500]}")
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001  (Polars' PanicException is no Exception)
        return Fault(type(error).__name__, _place(error), "".join(traceback.format_exception(error))[-4000:])
    return None


def _outcome(harness: Harness, data: bytes) -> str:
    """The value, or the declared error, as text."""
    try:
        return repr(harness.read(data))
    except harness.refusals as error:
        if not str(error).strip():
            raise AssertionError(f"{type(error).__name__} has no sentence") from error
        return f"{type(error).__name__}: {error}"


def _place(error: BaseException) -> str:
    """The innermost line of the product, or else of the harness."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_ours(frame.filename)]
    last = next((frame for frame in reversed(frames) if "/proof/" not in frame.filename), frames[-1])
    return f"{Path(last.filename).name}:{last.lineno}"


def _is_ours(name: str) -> bool:
    return Path(name).is_relative_to(_ROOT) and "site-packages" not in name


def _reset_peak() -> int:
    """Sets the process's peak of memory back to the present use, where Linux allows that. Returns the peak."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10
