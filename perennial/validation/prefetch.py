"""Prefetches the items of an iterator in a thread; Polars and zlib release the GIL."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _End:
    """The end of the iterator, or its exception."""

    error: BaseException | None = None


def prefetch(items: Iterator[T], depth: int = 1) -> Iterator[T]:
    """The same items; at most `depth` finished ones are buffered, and one more is being made.

    An exception of `items` is raised in place of its item. Closing the generator ends the thread.
    """
    line: queue.Queue[T | _End] = queue.Queue(depth)
    over = threading.Event()
    thread = threading.Thread(target=_feed, args=(items, line, over), name="prefetch", daemon=True)
    thread.start()
    try:
        while not isinstance(item := line.get(), _End):
            yield item
            del item  # frees the item before waiting for the next one
        if item.error is not None:
            raise item.error
    finally:
        over.set()
        while thread.is_alive():
            _drain(line)
            thread.join(0.01)


def _feed(items: Iterator[T], line: "queue.Queue[T | _End]", over: threading.Event) -> None:
    end = _End()
    try:
        for item in items:
            line.put(item)
            if over.is_set():
                break
            del item
    except BaseException as error:  # noqa: BLE001 - raised again where the items are used
        end = _End(error)
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()
    line.put(end)


def _drain(line: "queue.Queue[T | _End]") -> None:
    while True:
        try:
            line.get_nowait()
        except queue.Empty:
            return
