"""The outputs of a pass: typed rows, quarantined rows with their reasons, key hashes, and a profile."""

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from perennial import layout
from perennial import profile as profiles
from perennial.contract.dataset import Contract
from perennial.dtypes import DTYPES, dtypes
from perennial.validation.duplicates import DuplicateFinders, Duplicates
from perennial.validation.keys import Hashes, KeySet, hashed, key_sets
from perennial.validation.sinks import ParquetSink

Raw = Callable[[], pl.DataFrame]


class Outputs:
    """Writes into a folder during the pass; without a folder it only profiles and collects keys.

    Rows that `repeats` finds are dropped or set aside. `hashes` gets the keys of all others, `keys` a file for each
    key set with the hash, the number and the values of every sound row, for comparing with other files.
    """

    def __init__(
        self,
        contract: Contract,
        folder: Path | None,
        grid: profiles.Grid | None,
        repeats: DuplicateFinders,
        keys: bool = False,
    ) -> None:
        self._contract = contract
        self._folder = folder
        self._repeats = repeats
        self._labels = _free("row", contract), _free("reason", contract)
        self._aside: ParquetSink | None = None
        self._rows: ParquetSink | None = None
        self._keys: dict[str, ParquetSink] = {}
        self.hashes: Mapping[KeySet, Hashes] = {}
        self._profiler = profiles.Profiler(grid) if grid is not None else None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            schema = dtypes(contract)
            self._rows = ParquetSink(folder / layout.ROWS, schema)
            if keys:
                self._keys = {found.name: _key_sink(folder, found, contract) for found in key_sets(contract)}

    def count(self, typed: pl.DataFrame) -> profiles.BatchCounts | None:
        """The profile's counts of these rows, without adding them; None without a profile."""
        return self._profiler.count(typed) if self._profiler is not None else None

    def accept(
        self, typed: pl.DataFrame, rows: pl.Series, raw: Raw, counted: profiles.BatchCounts | None = None
    ) -> None:
        """Adds valid rows with their numbers, their raw text, and their counts if known."""
        if not typed.height:
            return
        self._remember(typed, rows)
        masks = self._repeats.mask(typed, rows)
        if masks:
            typed, rows = self._without(masks, typed, rows, raw)
            counted = None
        for keys, hashes in self.hashes.items():
            if set(keys.columns) <= set(typed.columns):
                keyed = typed if keys.nulls_repeat else typed.drop_nulls(keys.columns)
                hashes.add(hashed(keyed, keys.columns))
        if self._rows is not None:
            self._rows.write(typed)
        if self._profiler is not None:
            self._profiler.add_counts(counted or self._profiler.count(typed))

    @property
    def profile(self) -> profiles.Profile | None:
        """The profile of the rows accepted so far."""
        return self._profiler.result() if self._profiler is not None else None

    def quarantine(self, raw: pl.DataFrame, rows: pl.Series, reasons: pl.Series) -> None:
        """Writes broken rows as text, with their numbers and reasons."""
        if self._folder is None or not raw.height:
            return
        if self._aside is None:
            row, reason = self._labels
            schema = {row: pl.UInt64(), reason: pl.String(), **dict.fromkeys(self._contract.columns, pl.String())}
            self._aside = ParquetSink(self._folder / layout.QUARANTINED, schema)
        row, reason = self._labels
        self._aside.write(raw.with_columns(rows.alias(row), reasons.alias(reason)))

    def repeated(self) -> list[Duplicates]:
        """The duplicates found, by key set."""
        return [found for found in self._repeats.found.values() if found.count]

    def close(self) -> tuple[Path | None, Path | None, Mapping[str, Path]]:
        """The paths of the rows, of the quarantined rows, and of the keys by key set."""
        if self._rows is None:
            return None, None, {}
        aside = self._aside.close() if self._aside is not None else None
        return self._rows.close(), aside, {name: sink.close() for name, sink in self._keys.items()}

    def discard(self) -> None:
        """Deletes all outputs."""
        for sink in (self._rows, self._aside, *self._keys.values()):
            if sink is not None:
                sink.discard()
        for hashes in self.hashes.values():
            hashes.close()

    def _remember(self, typed: pl.DataFrame, rows: pl.Series) -> None:
        for keys in key_sets(self._contract):
            if keys.name in self._keys:
                named = [pl.col(name).alias(f"k{place}") for place, name in enumerate(keys.columns)]
                values = typed.select(named).with_columns(hashed(typed, keys.columns), rows.alias("row"))
                self._keys[keys.name].write(values if keys.nulls_repeat else values.drop_nulls("k0"))

    def _without(
        self, masks: Mapping[str, pl.Series], typed: pl.DataFrame, rows: pl.Series, raw: Raw
    ) -> tuple[pl.DataFrame, pl.Series]:
        kept = pl.repeat(value=True, n=rows.len(), dtype=pl.Boolean, eager=True)
        for name, mask in masks.items():
            keys = self._repeats.found[name].keys
            if not keys.drops:
                reason = pl.Series([f"{', '.join(keys.columns)}: {keys.code}"], dtype=pl.String)
                self.quarantine(raw().filter(mask), rows.filter(mask), reason.new_from_index(0, int(mask.sum())))
            kept &= ~mask
        return typed.filter(kept), rows.filter(kept)


def _key_sink(folder: Path, keys: KeySet, contract: Contract) -> ParquetSink:
    values = {f"k{place}": DTYPES[contract.columns[name].type] for place, name in enumerate(keys.columns)}
    return ParquetSink(folder / f"keys-{keys.name}.parquet", {"hash": pl.UInt64(), "row": pl.UInt64(), **values})


def _free(label: str, contract: Contract) -> str:
    """The label, with underscores added until it differs from every column."""
    while label in contract.columns:
        label += "_"
    return label
