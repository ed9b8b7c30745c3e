"""The memory that a training needs, from the footers of its parts, and a refusal before it is spent."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from training.job import TrainingError

# Measured by bench/wide.py: frame, encoded matrix and binned copy of one fit, with the folds of the threshold.
_BYTES_PER_CELL = 90
_BASE_BYTES = 300 << 20
_CONTROL_GROUP = Path("/sys/fs/cgroup/memory.max")
_GB = 1e9


def check(parts: Iterable[Path], columns: int, available: int | None = None) -> None:
    """Raises TrainingError if the rows of the parts with so many columns do not fit into the machine's memory.

    A part that is no Parquet file counts nothing: its reader names it.
    """
    rows = sum(map(_rows, parts))
    needed, most = needs(rows, columns), machine() if available is None else available
    if needed > most:
        fit = int((most - _BASE_BYTES) / (_BYTES_PER_CELL * columns))
        raise TrainingError(
            f"The window's {rows:,} rows of {columns:,} columns need about {needed / _GB:.1f} GB of memory, and this "
            f"instance has {most / _GB:.1f} GB, enough for {max(fit, 0):,} rows. Next: set training.instance to one "
            "with more memory, shorten training.window, or upload fewer rows; then perennial up, and upload again."
        )


def needs(rows: int, columns: int) -> int:
    """The peak of a training in bytes."""
    return _BASE_BYTES + rows * columns * _BYTES_PER_CELL


def machine() -> int:
    """The memory of this machine in bytes, or of its control group, if that has less."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = _CONTROL_GROUP.read_text(encoding="ascii").strip()
    except OSError:
        return physical
    return min(physical, int(limit)) if limit.isdigit() else physical


def _rows(part: Path) -> int:
    try:
        return int(pq.ParquetFile(part).metadata.num_rows)
    except (OSError, pa.ArrowException):
        return 0
