"""Finds duplicate rows during a pass: from a list of known ones, or by comparing values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

from perennial.validation.keys import KeySet

#: a repeated row's number, the number of the first row with its key, and the file that has it (null: the same file)
SCHEMA = {"row": pl.UInt64(), "first": pl.UInt64(), "file": pl.String()}


class DuplicateFinder(Protocol):
    """Finds the rows that repeat a key, in a frame of SCHEMA; rows come in ascending order."""

    def repeats(self, rows: pl.DataFrame, numbers: pl.Series) -> pl.DataFrame: ...


class KnownDuplicates:
    """Known duplicates, in Parquet files of SCHEMA."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._rows = pl.scan_parquet(list(paths))

    def repeats(self, rows: pl.DataFrame, numbers: pl.Series) -> pl.DataFrame:
        """The known duplicates among the given rows; only the row groups of that range are read."""
        if not numbers.len():
            return pl.DataFrame(schema=SCHEMA)
        near = self._rows.filter(pl.col("row").is_between(numbers[0], numbers[-1])).select(list(SCHEMA)).collect()
        return near.filter(near["row"].is_in(numbers.implode()))


@dataclass(slots=True)
class Duplicates:
    """The number of duplicates of a key set, and the first of them."""

    keys: KeySet
    count: int = 0
    examples: list[tuple[int, int, str | None]] = field(default_factory=list)

    @property
    def clause(self) -> str:
        """The clause about the first one, such as 'repeats the key (id) of row 3 in a.csv'."""
        _, first, file = self.examples[0]
        where = f" in {file}" if file else ""
        if self.keys.drops:
            return f"is the same as row {first}{where}"
        if not self.keys.nulls_repeat:
            return f"has the value of row {first}{where}, and '{self.keys.columns[0]}' is unique"
        return f"repeats the key ({', '.join(self.keys.columns)}) of row {first}{where}"


class DuplicateFinders:
    """All finders of one pass over a file, by key set, and their counts."""

    def __init__(self, candidate_finders: Sequence[tuple[KeySet, DuplicateFinder]], examples: int) -> None:
        self._finders = candidate_finders
        self._examples = examples
        self.found = {keys.name: Duplicates(keys) for keys, _ in candidate_finders}

    def mask(self, rows: pl.DataFrame, numbers: pl.Series) -> dict[str, pl.Series]:
        """The mask of duplicates by key set, each row under one set only, rows to drop first. Counts them."""
        masks: dict[str, pl.Series] = {}
        taken = pl.repeat(value=False, n=numbers.len(), dtype=pl.Boolean, eager=True)
        for keys, finder in sorted(self._finders, key=lambda pair: not pair[0].drops):
            if not set(keys.columns) <= set(rows.columns):
                continue
            found = finder.repeats(rows, numbers)
            mask = numbers.is_in(found["row"].implode()) & ~taken
            if not mask.any():
                continue
            taken |= mask
            masks[keys.name] = masks[keys.name] | mask if keys.name in masks else mask
            self._count(keys, found.filter(found["row"].is_in(numbers.filter(mask).implode())))
        return masks

    def _count(self, keys: KeySet, found: pl.DataFrame) -> None:
        repeated = self.found[keys.name]
        repeated.count += found.height
        missing = self._examples - len(repeated.examples)
        if missing > 0:
            repeated.examples += found.sort("row").select(list(SCHEMA)).head(missing).rows()
