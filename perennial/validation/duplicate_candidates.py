"""Makes finders of duplicate rows from repeated hashes, in memory that holds one slice of candidates."""

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from perennial.contract.dataset import Contract
from perennial.profile import BatchCounts
from perennial.validation.batch_validation import BatchValidation
from perennial.validation.duplicates import SCHEMA, DuplicateFinder, DuplicateFinders, KnownDuplicates
from perennial.validation.findings import Findings
from perennial.validation.keys import CandidateFinder, Hashes, KeySet
from perennial.validation.outputs import Outputs, Raw
from perennial.validation.sinks import ParquetSink
from perennial.validation.table import Table


def candidate_finders(
    hashes: Mapping[KeySet, Hashes], read: Callable[[], Table], contract: Contract, folder: Path
) -> list[tuple[KeySet, DuplicateFinder]]:
    """The finders of rows that repeat a key, for the next pass over the file; none if no hash repeats.

    One slice of candidates is compared in that pass. Each further slice costs a pass now, which writes its rows into
    `folder`.
    """
    found: list[tuple[KeySet, DuplicateFinder]] = []
    for keys, max_in_memory in hashes.items():
        slices = max_in_memory.candidates(keys)
        candidates = next(slices, None)
        place = 0
        while candidates is not None:
            more = next(slices, None)
            finder: DuplicateFinder = CandidateFinder(keys.columns, candidates)
            if more is not None:
                finder = _search(finder, read(), contract, folder / f"{keys.name}-{place}.parquet")
            found.append((keys, finder))
            candidates, place = more, place + 1
    return found


def _search(finder: DuplicateFinder, table: Table, contract: Contract, path: Path) -> KnownDuplicates:
    search = _SearchOutputs(contract, finder, path)
    validation = BatchValidation(contract, list(table.columns.places), Findings(0), search)
    for batch in table.batches():
        validation.validate(batch)
    return KnownDuplicates([search.sink.close()])


class _SearchOutputs(Outputs):
    """Outputs of a pass that only searches duplicates."""

    def __init__(self, contract: Contract, finder: DuplicateFinder, path: Path) -> None:
        super().__init__(contract, None, None, DuplicateFinders((), 0))
        self._finder = finder
        self.sink = ParquetSink(path, SCHEMA)

    def accept(self, typed: pl.DataFrame, rows: pl.Series, raw: Raw, counted: BatchCounts | None = None) -> None:
        """Writes the numbers of the rows that repeat a key."""
        if typed.height:
            self.sink.write(self._finder.repeats(typed, rows))
