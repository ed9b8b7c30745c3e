"""What a pass leaves behind: typed rows, rows set aside with their reasons, key hashes, and a profile."""

from pathlib import Path

import polars as pl

from perennial import profile as profiles
from perennial.validation.contract import Contract
from perennial.validation.keys import Keys
from perennial.validation.sinks import ParquetSink, rewrite


class Outputs:
    """Writes into a folder while the rows go by; without a folder it only remembers keys."""

    def __init__(self, contract: Contract, folder: Path | None, grid: profiles.Grid | None) -> None:
        self._contract = contract
        self._folder = folder
        self._grid = grid
        self._keys = Keys(contract)
        self._labels = _free("row", contract), _free("reason", contract)
        self._repeated = pl.Series([], dtype=pl.UInt32)
        self._aside: ParquetSink | None = None
        self._rows: ParquetSink | None = None
        self.profile: profiles.Profile | None = None
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            schema = {name: column.dtype for name, column in contract.columns.items()}
            self._rows = ParquetSink(folder / "rows.parquet", schema)
            self.profile = profiles.Profile.empty(grid) if grid is not None else None

    def accept(self, typed: pl.DataFrame, rows: pl.Series) -> None:
        """Sound rows and their numbers in the file."""
        if set(self._contract.key) <= set(typed.columns):
            self._keys.add(typed, rows)
        if self._rows is not None:
            self._rows.write(typed)
        if self.profile is not None and typed.height:
            self.profile = profiles.merge(self.profile, profiles.profile(typed, self.profile.grid))

    def set_aside(self, raw: pl.DataFrame, rows: pl.Series, reasons: pl.Series) -> None:
        """Broken rows as text, with their numbers and why."""
        if self._folder is None or not raw.height:
            return
        if self._aside is None:
            row, reason = self._labels
            schema = {row: pl.UInt64(), reason: pl.String(), **dict.fromkeys(self._contract.columns, pl.String())}
            self._aside = ParquetSink(self._folder / "quarantined.parquet", schema)
        row, reason = self._labels
        self._aside.write(raw.with_columns(rows.alias(row), reasons.alias(reason)))

    def repeated(self) -> pl.DataFrame:
        """Accepted rows whose key an earlier row has: place, row, first."""
        return self._keys.repeated()

    def take_back(self, repeated: pl.DataFrame) -> None:
        """Sets accepted rows aside after all: their keys are known to be repeated only once all rows were read."""
        self._repeated = repeated["place"]
        if self._rows is None or not repeated.height:
            return
        path = self._rows.close()
        taken = rewrite(path, repeated["place"])
        reasons = pl.Series([", ".join(self._contract.key) + ": duplicate-key"] * taken.height, dtype=pl.String)
        self.set_aside(taken.select(pl.all().cast(pl.String)), repeated["row"], reasons)
        if self.profile is not None:
            self.profile = _profiled(path, self.profile.grid, self._contract.limits.batch_rows)

    def close(self) -> tuple[Path | None, Path | None, Path | None]:
        """The paths of the rows, of the rows set aside and of the keys."""
        if self._rows is None or self._folder is None:
            return None, None, None
        aside = self._aside.close() if self._aside is not None else None
        return self._rows.close(), aside, self._keys.write(self._folder / "keys.parquet", self._repeated)

    def discard(self) -> None:
        """Leaves nothing behind."""
        for sink in (self._rows, self._aside):
            if sink is not None:
                sink.discard()
        self.profile = None


def _free(label: str, contract: Contract) -> str:
    """The label, underlined until no column of the data is called so."""
    while label in contract.columns:
        label += "_"
    return label


def _profiled(path: Path, grid: profiles.Grid, rows: int) -> profiles.Profile:
    total = profiles.Profile.empty(grid)
    for batch in pl.scan_parquet(path).collect_batches(chunk_size=rows):
        total = profiles.merge(total, profiles.profile(batch, grid))
    return total
