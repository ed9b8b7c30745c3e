"""Two public tables inside the source package scikit-multiflow 0.4.1, which PyPI has.

The package is neither installed nor imported: its archive is fetched once, its digest is compared, and two CSV files
are read.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import urllib.request
from pathlib import Path

import polars as pl

from examples.flights.data import DataError

ROOT = Path(__file__).resolve().parents[2]
URL = (
    "https://files.pythonhosted.org/packages/57/53/1c90bc05e4fbf2cb768ed140d7a9bce301d671cce7bdc15b82522ede1b3e/"
    "scikit-multiflow-0.4.1.tar.gz"
)
SHA256 = "ed4f791107cb7f789f0bb0620c50e743a4d397905146a4d06c62eb98607aa101"
ARCHIVE = ROOT / "build" / "public" / URL.rpartition("/")[2]
SECONDS = 60  # without an answer
LARGEST = 20_000_000  # bytes; the archive has 15,532,019


def read(member: str, columns: tuple[str, ...], archive: Path = ARCHIVE) -> pl.DataFrame:
    """A table of the archive, `elec` or `weather`, with these names for its columns; fetches the archive if need be.

    Raises DataError if the archive cannot be fetched, or is another one.
    """
    if not archive.exists():
        fetch(archive)
    _check(archive, archive.read_bytes())
    with tarfile.open(archive) as packed:
        file = packed.extractfile(f"scikit-multiflow-0.4.1/src/skmultiflow/data/datasets/{member}.csv")
        assert file is not None  # the digest is right
        return pl.read_csv(file.read(), new_columns=list(columns), infer_schema=False).cast(pl.Float64)


def fetch(archive: Path, url: str = URL) -> None:
    """Fetches the archive, and keeps it if its digest is right. Raises DataError."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310  (no address of a user)
            content = answer.read(LARGEST + 1)
    except OSError as error:
        raise DataError(
            f"{url} cannot be fetched: {error}; next: put the file there by other means: {archive}"
        ) from None
    _check(url, content)
    archive.parent.mkdir(parents=True, exist_ok=True)
    part = archive.with_suffix(f".{os.getpid()}")
    part.write_bytes(content)
    part.replace(archive)


def _check(place: Path | str, content: bytes) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        again = f"delete {place} and run again" if isinstance(place, Path) else "run again"
        raise DataError(f"{place} has the digest sha256:{found}, expected sha256:{SHA256}; next: {again}")
