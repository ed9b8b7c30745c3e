"""INT96 moments of Parquet read exactly: Polars alone wraps those outside of the years 1677 to 2262.

A copy of the file has a footer in which these columns are 12 plain bytes, which are decoded here in microseconds.
"""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from perennial.validation import footer

_EPOCH = 2_440_588  # the Julian day of 1970-01-01
_DAY = 86_400_000_000
_DAYS = (-719_162, 2_932_897)  # the years 1 to 9999 and the day after, which no column holds
_CHUNK = 1 << 20


def readable_copy(path: Path, folder: Path) -> tuple[Path, frozenset[str]]:
    """The file as Polars reads it exactly, and the columns to decode: a copy in the folder if it has INT96.

    Only the row groups are copied; the file may be a sparse one. Raises footer.FooterError and OSError.
    """
    size = path.stat().st_size
    with path.open("rb") as source:
        source.seek(max(size - footer.TAIL, 0))
        length = min(footer.length(source.read()), size)
        source.seek(size - length)
        old = source.read(length)
        new, names = footer.without_int96(old)
        if not names:
            return path, names
        copy = folder / "int96.parquet"
        with copy.open("wb") as target:
            target.write(b"PAR1")
            for group in footer.parse(old, size).groups:
                source.seek(group.start)
                target.seek(group.start)
                left = group.size
                while left and (chunk := source.read(min(left, _CHUNK))):
                    target.write(chunk)
                    left -= len(chunk)
            target.seek(size - length)
            target.write(new)
    return copy, names


def frame_of(body: bytes) -> pl.DataFrame:
    """A small Parquet file whole. Raises footer.FooterError and Polars' errors."""
    length = footer.length(body[-footer.TAIL :])
    new, names = footer.without_int96(body[-length:])
    return decode(pl.read_parquet(io.BytesIO(body[:-length] + new if names else body)), names)


def decode(frame: pl.DataFrame, names: frozenset[str]) -> pl.DataFrame:
    """The frame with these columns as moments; what is finer than a microsecond is cut off, as pyarrow does."""
    return frame.with_columns(_moments(name) for name in frame.columns if name in names)


def _moments(name: str) -> pl.Expr:
    nanoseconds = pl.col(name).bin.head(8).bin.reinterpret(dtype=pl.Int64, endianness="little")
    days = pl.col(name).bin.tail(4).bin.reinterpret(dtype=pl.Int32, endianness="little").cast(pl.Int64) - _EPOCH
    inside = days.is_between(*_DAYS)
    micros = pl.when(inside).then(days * _DAY + nanoseconds // 1000).when(days.is_not_null()).then(_DAYS[1] * _DAY)
    return micros.cast(pl.Datetime("us")).alias(name)
