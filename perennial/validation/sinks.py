"""Writes Parquet in batches: Polars' streaming writer runs in a thread behind a short queue."""

import contextlib
import queue
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

_DEPTH = 2


class SinkError(OSError):
    """The file could not be written."""


class ParquetSink:
    """A Parquet file written in batches, at most three in memory. It is complete after `close`."""

    def __init__(self, path: Path, schema: Mapping[str, pl.DataType]) -> None:
        self.path = path
        self.rows = 0
        self._schema = dict(schema)
        self._queue: queue.Queue[pl.DataFrame | None] = queue.Queue(_DEPTH)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._write, name=f"write {path.name}", daemon=True)
        self._thread.start()

    def write(self, frame: pl.DataFrame) -> None:
        """Adds rows. Raises SinkError if an earlier write failed."""
        if frame.height:
            self.rows += frame.height
            self._put(frame.select(pl.col(name).cast(dtype) for name, dtype in self._schema.items()))

    def close(self) -> Path:
        """Waits until all rows are on disk. Raises SinkError."""
        self._put(None)
        self._thread.join()
        if self._error is not None:
            raise SinkError(f"{self.path} could not be written: {self._error}") from self._error
        return self.path

    def discard(self) -> None:
        """Stops writing and deletes the file."""
        with contextlib.suppress(SinkError):
            self.close()
        self.path.unlink(missing_ok=True)

    def _put(self, frame: pl.DataFrame | None) -> None:
        while self._thread.is_alive():
            try:
                self._queue.put(frame, timeout=0.5)
            except queue.Full:
                continue
            return
        if self._error is not None and frame is not None:
            raise SinkError(f"{self.path} could not be written: {self._error}") from self._error

    def _write(self) -> None:
        rows = register_io_source(self._batches, schema=self._schema)
        try:
            rows.sink_parquet(self.path, compression="zstd", compression_level=1, engine="streaming")
        except BaseException as error:  # noqa: BLE001 - told in the thread that writes
            self._error = error

    def _batches(
        self, _columns: list[str] | None, _predicate: pl.Expr | None, _rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        while (frame := self._queue.get()) is not None:
            yield frame
