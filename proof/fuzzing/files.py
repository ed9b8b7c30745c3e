"""Data files: CSV, JSON lines and Parquet, inspected as the validation of an upload does it."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from perennial.profile import freeze
from perennial.validation import Contract, Limits, Part, footer, inspect, sample
from perennial.validation.cross_file_keys import buckets
from perennial.validation.footer import FooterError
from proof.fuzzing.example import SCRATCH, csv_of, frame, grid, jsonl_of, parquet_of, plainly_written, spec
from proof.fuzzing.harness import Harness

_UNFOLDED = 256 << 10
_SIGNS = ('"', '""', ",", ";", "\t", "\r\n", "\ufeff")
_CELLS = ("NA", "null", "nan", "inf", "1e999", "-0", "9" * 20, "1,234 €", "(5)")
_MOMENTS = ("29/02/2019", "31/12/9999", "2026-11-01T10:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:60Z")
_JSON = ("\\ud800", "\\u0000", "NaN", "{}", "[]", "[" * 70, '{"a":' * 70, "1e400", "true", "null", "\n{")


@cache
def _contract() -> Contract:
    """The contract with limits that fit the size of an input, so that gzip and Parquet may unfold to no more."""
    limits = Limits(total_bytes=_UNFOLDED, expansion_free_bytes=_UNFOLDED, parquet_free_bytes=_UNFOLDED)
    return replace(spec().contract(), limits=limits)


def read_file(name: str, data: bytes) -> object:
    """Samples, inspects and divides the keys of a file, as the functions of the validation do."""
    contract = _contract()
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        frozen = plainly_written(freeze(sample(path, contract, 100_000), contract).as_dict())
        found = inspect(path, contract, Path(folder) / "out", grid(), name, Part(keys=True))
        for place, keys in enumerate(found.keys.values()):
            list(buckets(keys, 2, Path(folder) / str(place)))
        profile = None if found.profile is None else plainly_written(found.profile.as_dict())
        return frozen, plainly_written(found.verdict.as_dict()), profile, *_footer(path, data)


def _footer(path: Path, data: bytes) -> tuple[object, ...]:
    """The footer of a Parquet file with its slices, as the plan of a validation reads it, and the first row group."""
    if not data.startswith(b"PAR1"):
        return ()
    try:
        found = footer.parse(data[-footer.length(data[-footer.TAIL :]) :], len(data))
    except FooterError as error:
        return (str(error),)
    part = Part(row_groups=(0, 0))
    verdict = inspect(path, _contract(), None, None, path.name, part).verdict
    return found.slices(1000, 10), found.rows, plainly_written(verdict.as_dict())


def _reader(name: str) -> Callable[[bytes], object]:
    return partial(read_file, name)


HARNESSES = {
    "csv": Harness(
        _reader("rows.csv"),
        (
            csv_of(4),
            csv_of(3).replace(b"\n", b"\r\n"),
            gzip.compress(csv_of(3), mtime=0),
            b"\xef\xbb\xbf" + csv_of(2).replace(b",", b";"),
        ),
        words=(*_SIGNS, *_CELLS, *_MOMENTS, *spec().columns),
    ),
    "json-lines": Harness(
        _reader("rows.jsonl"),
        (
            jsonl_of(3),
            b'{"id": 1, "age": 40, "weight": 70.5, "member": true, "seen": "2026-01-01T10:00:00Z", "bought": false}\n',
            gzip.compress(jsonl_of(2), mtime=0),
        ),
        words=(*_SIGNS, *_CELLS, *_MOMENTS, *_JSON, *(f'"{name}": ' for name in spec().columns)),
    ),
    "parquet": Harness(
        _reader("rows.parquet"),
        (
            parquet_of(frame().head(3)),
            parquet_of(frame().head(3).select("id", "seen", "bought"), "snappy"),
            parquet_of(frame().head(20), "zstd"),
        ),
        words=("PAR1", "PARE", "ARROW:schema", *spec().columns),
    ),
}
