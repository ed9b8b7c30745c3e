"""From hashes that repeat to finders of the rows that repeat a key, in memory that holds one slice of suspects."""

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from perennial.contract.dataset import Contract
from perennial.profile import Counted
from perennial.validation.examination import Examination
from perennial.validation.findings import Findings
from perennial.validation.keys import Hashes, KeySet, Suspects
from perennial.validation.outputs import Outputs, Raw
from perennial.validation.repeats import SCHEMA, Finder, Known, Repeats
from perennial.validation.sinks import ParquetSink
from perennial.validation.table import Table


def finders(
    hashes: Mapping[KeySet, Hashes], read: Callable[[], Table], contract: Contract, folder: Path
) -> list[tuple[KeySet, Finder]]:
    """What finds the rows that repeat a key, for the next pass over the file; none where no hash repeats.

    One slice of suspects is compared in that pass itself. If there are more, each of the others costs a pass of its
    own now, which writes the rows it finds into `folder`.
    """
    found: list[tuple[KeySet, Finder]] = []
    for keys, held in hashes.items():
        slices = held.suspects(keys)
        suspects = next(slices, None)
        place = 0
        while suspects is not None:
            more = next(slices, None)
            finder: Finder = Suspects(keys.columns, suspects)
            if more is not None:
                finder = _searched(finder, read(), contract, folder / f"{keys.name}-{place}.parquet")
            found.append((keys, finder))
            suspects, place = more, place + 1
    return found


def _searched(finder: Finder, table: Table, contract: Contract, path: Path) -> Known:
    search = _Search(contract, finder, path)
    examination = Examination(contract, list(table.columns.places), Findings(0), search)
    for batch in table.batches():
        examination.examine(batch)
    return Known([search.sink.close()])


class _Search(Outputs):
    """Outputs of a pass that looks for repeats and leaves nothing else behind."""

    def __init__(self, contract: Contract, finder: Finder, path: Path) -> None:
        super().__init__(contract, None, None, Repeats((), 0))
        self._finder = finder
        self.sink = ParquetSink(path, SCHEMA)

    def accept(self, typed: pl.DataFrame, rows: pl.Series, raw: Raw, counted: Counted | None = None) -> None:
        """Writes the numbers of the rows that repeat a key."""
        if typed.height:
            self.sink.write(self._finder.repeats(typed, rows))
