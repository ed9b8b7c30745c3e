"""The thread that writes captures, metrics and server logs in the background."""

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Recorder:
    """Calls `write` soon after `wake`, at most once per `interval` seconds on the wall; sleeps meanwhile."""

    def __init__(self, write: Callable[[], None], interval: float) -> None:
        self._write = write
        self._interval = interval
        self._news = threading.Event()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def wake(self) -> None:
        """There is something to write. The first time this starts the thread."""
        if self._news.is_set():
            return
        self._news.set()
        with self._lock:
            if self._thread is None and not self._end.is_set():
                self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Writes what is left and ends the thread."""
        self._end.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self._attempt()

    def _run(self) -> None:
        while not self._end.is_set():
            self._news.wait()
            self._end.wait(self._interval)
            self._news.clear()
            self._attempt()

    def _attempt(self) -> None:
        try:
            self._write()
        except Exception:
            logger.exception("captures or metrics could not be written")
