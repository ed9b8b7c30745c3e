"""Finds repeated keys in memory that does not grow with the rows: 64-bit hashes first, then values of candidates.

Hashes stay in memory up to a bound; beyond it they are written to a temporary folder and searched range by range.
A key whose hash occurs once is unique. The others are candidates: another pass over the rows, in order, compares their
values, which distinguishes keys that only share a hash.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from perennial.contract.dataset import Contract

_SEED = 20_13
_HASHES = 1 << 64


@dataclass(frozen=True, slots=True)
class KeySet:
    """Columns whose combined values are unique. Rows that repeat them are dropped or quarantined.

    Nulls are equal in a key; a unique column may have any number of them.
    """

    name: str
    columns: tuple[str, ...]
    drops: bool = False
    nulls_repeat: bool = True

    @property
    def code(self) -> str:
        """The code of the problem."""
        return "duplicate-key" if self.nulls_repeat else "duplicate-value"


def key_sets(contract: Contract) -> tuple[KeySet, ...]:
    """The key sets of a contract: whole rows, if duplicates are dropped, its key, and unique columns."""
    found = [KeySet("rows", tuple(contract.columns), drops=True)] if contract.validation.duplicates == "drop" else []
    if contract.key:
        found.append(KeySet("key", contract.key))
    for place, (name, column) in enumerate(contract.columns.items()):
        if column.unique and contract.key != (name,):
            found.append(KeySet(f"unique{place}", (name,), nulls_repeat=False))
    return tuple(found)


def hashed(rows: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """The 64-bit hash (UInt64) of each row's key; the same in every process with the same Polars."""
    if len(columns) == 1:  # a tenth of the time of hash_rows
        return rows[columns[0]].hash(_SEED).alias("hash")
    return rows.select(columns).hash_rows(_SEED).alias("hash")


class Hashes:
    """Hashes, at most `max_in_memory` of them in memory, the others in a temporary folder until `close`."""

    def __init__(self, max_in_memory: int) -> None:
        self.max_in_memory = max_in_memory
        self._parts: list[pl.Series] = []
        self._pending = 0
        self._runs: list[Path] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.count = 0

    def add(self, hashes: pl.Series) -> None:
        """Adds the hashes of more rows."""
        self._parts.append(hashes)
        self._pending += hashes.len()
        self.count += hashes.len()
        if self._pending > self.max_in_memory:
            self._spill()

    def repeated(self) -> Iterator[pl.Series]:
        """The distinct hashes that occur more than once, in slices that fit into memory."""
        if not self._runs:
            found = _duplicated(pl.concat(self._parts)) if self._parts else pl.Series("hash", [], dtype=pl.UInt64)
            yield from _sliced(found, self.max_in_memory)
            return
        self._spill()
        ranges = -(-self.count // (2 * self.max_in_memory))
        pending = pl.Series("hash", [], dtype=pl.UInt64)
        for place in range(ranges):
            found = self._duplicated_in_range(place * _HASHES // ranges, (place + 1) * _HASHES // ranges - 1)
            pending = pl.concat([pending, found])
            if pending.len() > self.max_in_memory:
                yield from _sliced(pending, self.max_in_memory)
                pending = pending.clear()
        yield from _sliced(pending, self.max_in_memory)

    def candidates(self, keys: KeySet) -> Iterator[pl.Series]:
        """`repeated` in slices for Suspects, which remembers their values: the more columns, the fewer at once."""
        for hashes in self.repeated():
            yield from _sliced(hashes, max(self.max_in_memory // len(keys.columns), 1))

    def close(self) -> None:
        """Removes the temporary folder."""
        if self._folder is not None:
            self._folder.cleanup()

    def _spill(self) -> None:
        if not self._pending:
            return
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="keys-")
        path = Path(self._folder.name) / f"{len(self._runs)}.arrow"
        pl.DataFrame({"hash": pl.concat(self._parts)}).write_ipc(path)
        self._runs.append(path)
        self._parts, self._pending = [], 0

    def _duplicated_in_range(self, low: int, high: int) -> pl.Series:
        between = pl.col("hash").is_between(pl.lit(low, pl.UInt64), pl.lit(high, pl.UInt64))
        most = 4 * self.max_in_memory
        hashes = pl.scan_ipc(self._runs).filter(between).head(most + 1).collect(engine="streaming")["hash"]
        return _duplicated(hashes) if hashes.len() <= most else self._duplicated_by_run(between)

    def _duplicated_by_run(self, between: pl.Expr) -> pl.Series:
        """For a few very frequent hashes: run by run, so that each is in memory once."""
        observed = twice = pl.Series("hash", [], dtype=pl.UInt64)
        for run in self._runs:
            hashes = pl.scan_ipc(run).filter(between).collect()["hash"]
            once = hashes.unique()
            again = pl.concat([_duplicated(hashes), once.filter(once.is_in(observed.implode()))])
            twice = pl.concat([twice, again]).unique()
            observed = pl.concat([observed, once]).unique()
        return twice


class CandidateFinder:
    """Compares rows with some suspect hashes by their real values in one pass: all but the first are repeats.

    Remembers each suspect key once, not each row. Nulls equal each other.
    """

    def __init__(self, columns: Sequence[str], hashes: pl.Series) -> None:
        self._columns = list(columns)
        self._hashes = hashes.implode()
        self._first_rows: pl.DataFrame | None = None

    def repeats(self, rows: pl.DataFrame, numbers: pl.Series) -> pl.DataFrame:
        """Of typed rows with ascending numbers those that repeat a key: row, first (its number), file (null)."""
        is_candidate = hashed(rows, self._columns).is_in(self._hashes)
        named = [pl.col(name).alias(f"k{place}") for place, name in enumerate(self._columns)]
        keys = [f"k{place}" for place in range(len(named))]
        found = rows.filter(is_candidate).select(named).with_columns(numbers.filter(is_candidate).alias("row"))
        found = found.with_columns(first=pl.col("row").first().over(keys))
        if self._first_rows is not None and found.height:
            known = found.join(self._first_rows, on=keys, how="left", nulls_equal=True, maintain_order="left")
            found = known.with_columns(first=pl.coalesce("earlier", "first")).drop("earlier")
        new = found.filter(pl.col("row") == pl.col("first")).select(*keys, earlier="row")
        self._first_rows = new if self._first_rows is None else self._first_rows.vstack(new)
        return found.filter(pl.col("row") != pl.col("first")).select("row", "first", file=pl.lit(None, pl.String))


def _duplicated(hashes: pl.Series) -> pl.Series:
    """The distinct values that occur more than once. Counting the distinct ones is three times as fast."""
    if hashes.n_unique() == hashes.len():
        return hashes.clear()
    return hashes.filter(hashes.is_duplicated()).unique()


def _sliced(values: pl.Series, size: int) -> Iterator[pl.Series]:
    for start in range(0, values.len(), size):
        yield values.slice(start, size)
