"""A benchmark run: its measurements, the places of its files, and its stored results."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bench.processes import ROOT
from bench.work import Task

MILLION = 1_000_000


@dataclass(frozen=True)
class Session:
    """Rows of the compared files, repeats of each measurement, sizes of the growth; all below `folder`.

    Sections that were measured with the same sources, date and numbers are not measured again.
    """

    date: str
    rows: int = MILLION
    repeats: int = 5
    sizes: tuple[int, ...] = (MILLION, 5 * MILLION, 20 * MILLION)
    only: tuple[str, ...] = ()
    quick: bool = False
    folder: Path = ROOT / "build" / "bench"
    python: str = sys.executable
    told: Callable[[str], None] = field(default=print)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def environments(self) -> Path:
        return self.folder / "envs"

    @property
    def ours(self) -> list[str]:
        return [self.python, "-m", "bench.validation.ours"]

    @cached_property
    def stamp(self) -> dict[str, Any]:
        """The conditions of a stored measurement: it is used only if they are the same."""
        return {"date": self.date, "rows": self.rows, "repeats": self.repeats, "sources": _sources()}

    def file(self, part: str, kind: str = "parquet", rows: int | None = None) -> Path:
        return self.data / f"{part}-{rows or self.rows}.{kind}"

    def task(self, work: str, owner: str, kind: str = "parquet", rows: int | None = None) -> Task:
        """A task on the current file; the stored reference is always of the compared size."""
        frozen = self.folder / "frozen" / f"{owner}-{self.rows}"
        nowhere = Path("-")
        return Task(work, self.file("current", kind, rows), self.file("reference"), frozen, nowhere, nowhere)

    def once(self, section: str, measure: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """The result of a section, from the store if it is there."""
        path = self.folder / "measured" / f"{'quick-' if self.quick else ''}{section}.json"
        if path.is_file():
            stored: dict[str, Any] = json.loads(path.read_text())
            if stored["stamp"] == self.stamp:
                self.told(f"{section}: measured before")
                return dict(stored["measured"])
        measured = dict(measure())
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"stamp": self.stamp, "measured": measured}, indent=1))
        return measured


def _sources() -> str:
    """The digest of all code that is measured or measures; the document's text does not count."""
    paths = [path for room in ("perennial", "bench") for path in sorted((ROOT / room).rglob("*"))]
    total = hashlib.sha256()
    for path in paths:
        if path.suffix in (".py", ".txt", ".yaml") and path.parent.name != "document":
            total.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]
