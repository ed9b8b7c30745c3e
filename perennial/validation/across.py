"""Keys that occur in more than one part of a dataset: compared bucket by bucket, each bucket by one worker."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from perennial.validation.keys import Hashes, KeySet, Suspects
from perennial.validation.repeats import SCHEMA
from perennial.validation.sinks import ParquetSink

_ROWS = 1 << 40  # more than one part can have: a row's number over all parts is part * _ROWS + row
_BATCH = 262_144


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The keys that one part has in one bucket, as `inspect` and `buckets` wrote them. `name` is the part's file."""

    part: int
    name: str
    path: Path


def buckets(path: Path, count: int, folder: Path) -> list[Path]:
    """A part's key file, divided by its hashes into `count` files; the same key falls into the same one in any part."""
    if count == 1:
        return [path]
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{bucket:05d}.parquet" for bucket in range(count)]
    for bucket, divided in enumerate(paths):
        rows = pl.scan_parquet(path).filter(pl.col("hash") % count == bucket)
        rows.sink_parquet(divided, compression="zstd", compression_level=1, maintain_order=True)
    return paths


def compare(files: Sequence[KeyFile], keys: KeySet, folder: Path, held: int) -> Mapping[int, list[Path]]:
    """By part the rows whose key occurs first in an earlier part: Parquet files of repeats.SCHEMA in `folder`.

    What repeats within a part only is left out: its own inspection has found it. Hashes find the suspects, the real
    values decide, in memory that grows neither with the rows nor with the parts (`held`: Limits.keys).
    """
    ordered = sorted(files, key=lambda file: file.part)
    hashes = Hashes(held)
    try:
        for file in ordered:
            for batch in pl.scan_parquet(file.path).select("hash").collect_batches(chunk_size=_BATCH):
                hashes.add(batch["hash"])
        found: dict[int, list[Path]] = {}
        for place, suspects in enumerate(hashes.suspects(keys)):
            for part, path in _repeated(ordered, keys, suspects, folder / str(place)):
                found.setdefault(part, []).append(path)
        return found
    finally:
        hashes.close()


def _repeated(files: Sequence[KeyFile], keys: KeySet, suspects: pl.Series, folder: Path) -> Iterator[tuple[int, Path]]:
    names = {file.part: file.name for file in files}
    columns = [f"k{place}" for place in range(len(keys.columns))]
    finder = Suspects(columns, suspects)
    for file in files:
        sink: ParquetSink | None = None
        rows = pl.scan_parquet(file.path).filter(pl.col("hash").is_in(suspects.implode()))
        for batch in rows.collect_batches(chunk_size=_BATCH, maintain_order=True):
            numbers = batch["row"] + file.part * _ROWS
            apart = finder.repeats(batch, numbers).filter(pl.col("first") // _ROWS != file.part)
            if not apart.height:
                continue
            if sink is None:
                folder.mkdir(parents=True, exist_ok=True)
                sink = ParquetSink(folder / f"{file.part:05d}.parquet", SCHEMA)
            part = (pl.col("first") // _ROWS).replace_strict(names, return_dtype=pl.String)
            sink.write(apart.select(pl.col("row") % _ROWS, pl.col("first") % _ROWS, file=part))
        if sink is not None:
            yield file.part, sink.close()
