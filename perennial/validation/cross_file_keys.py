"""Finds keys that occur in more than one part of a dataset; each worker compares one bucket of hashes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from perennial.validation.duplicates import SCHEMA
from perennial.validation.keys import CandidateFinder, Hashes, KeySet
from perennial.validation.sinks import ParquetSink

_ROWS = 1 << 40  # exceeds the rows of a part: a row's number in the dataset is part * _ROWS + row
_BATCH = 262_144


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The keys of one part in one bucket, written by `inspect` and `buckets`. `name` is the part's file."""

    part: int
    name: str
    path: Path


def buckets(path: Path, count: int, folder: Path) -> list[Path]:
    """Divides a part's key file into `count` files by hash; equal keys of all parts are in the same bucket."""
    if count == 1:
        return [path]
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{bucket:05d}.parquet" for bucket in range(count)]
    for bucket, divided in enumerate(paths):
        rows = pl.scan_parquet(path).filter(pl.col("hash") % count == bucket)
        rows.sink_parquet(divided, compression="zstd", compression_level=1, maintain_order=True)
    return paths


def compare(files: Sequence[KeyFile], keys: KeySet, folder: Path, max_in_memory: int) -> Mapping[int, list[Path]]:
    """The rows of each part whose key occurs in an earlier part: Parquet files of duplicates.SCHEMA in `folder`.

    Duplicates within one part are excluded: its own inspection found them. Hashes find the candidates, the
    values decide, in memory that grows neither with the rows nor with the parts (`max_in_memory`: Limits.keys).
    """
    ordered = sorted(files, key=lambda file: file.part)
    hashes = Hashes(max_in_memory)
    try:
        for file in ordered:
            for batch in pl.scan_parquet(file.path).select("hash").collect_batches(chunk_size=_BATCH):
                hashes.add(batch["hash"])
        found: dict[int, list[Path]] = {}
        for place, candidates in enumerate(hashes.candidates(keys)):
            for part, path in _repeated(ordered, keys, candidates, folder / str(place)):
                found.setdefault(part, []).append(path)
        return found
    finally:
        hashes.close()


def _repeated(
    files: Sequence[KeyFile], keys: KeySet, candidates: pl.Series, folder: Path
) -> Iterator[tuple[int, Path]]:
    names = {file.part: file.name for file in files}
    columns = [f"k{place}" for place in range(len(keys.columns))]
    finder = CandidateFinder(columns, candidates)
    for file in files:
        sink: ParquetSink | None = None
        rows = pl.scan_parquet(file.path).filter(pl.col("hash").is_in(candidates.implode()))
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
