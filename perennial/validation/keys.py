"""Which keys repeat, in memory that does not grow with the rows: 64-bit hashes first, real values only for suspects.

Hashes stay in memory up to a bound; beyond it they go to a temporary folder and are looked through range by range.
A key whose hash occurs once is unique. The others are suspects: on another pass over the rows, in their order, they
are compared by their real values, so that two keys that merely share a hash are told apart.
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
    """Columns whose values together may occur once. Rows that repeat them are dropped, or else set aside.

    Nulls equal each other in a key; a unique column has as many of them as it likes.
    """

    name: str
    columns: tuple[str, ...]
    drops: bool = False
    nulls_repeat: bool = True

    @property
    def code(self) -> str:
        """Of the problem that a repetition is."""
        return "duplicate-key" if self.nulls_repeat else "duplicate-value"


def key_sets(contract: Contract) -> tuple[KeySet, ...]:
    """What may not repeat under a contract: whole rows, if such are to be dropped, its key, and unique columns."""
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
    """Hashes as they come, at most `held` of them in memory, the others in a temporary folder. Close it in the end."""

    def __init__(self, held: int) -> None:
        self.held = held
        self._parts: list[pl.Series] = []
        self._pending = 0
        self._runs: list[Path] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.count = 0

    def add(self, hashes: pl.Series) -> None:
        """Remembers the hashes of more rows."""
        self._parts.append(hashes)
        self._pending += hashes.len()
        self.count += hashes.len()
        if self._pending > self.held:
            self._spill()

    def repeated(self) -> Iterator[pl.Series]:
        """The distinct hashes that came more than once, in slices that fit into memory; none where none did."""
        if not self._runs:
            found = _twice(pl.concat(self._parts)) if self._parts else pl.Series("hash", [], dtype=pl.UInt64)
            yield from _sliced(found, self.held)
            return
        self._spill()
        ranges = -(-self.count // (2 * self.held))
        pending = pl.Series("hash", [], dtype=pl.UInt64)
        for place in range(ranges):
            found = self._twice_within(place * _HASHES // ranges, (place + 1) * _HASHES // ranges - 1)
            pending = pl.concat([pending, found])
            if pending.len() > self.held:
                yield from _sliced(pending, self.held)
                pending = pending.clear()
        yield from _sliced(pending, self.held)

    def suspects(self, keys: KeySet) -> Iterator[pl.Series]:
        """`repeated` in slices for Suspects, which remembers their values: the more columns, the fewer at once."""
        for hashes in self.repeated():
            yield from _sliced(hashes, max(self.held // len(keys.columns), 1))

    def close(self) -> None:
        """Takes the temporary folder away."""
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

    def _twice_within(self, low: int, high: int) -> pl.Series:
        between = pl.col("hash").is_between(pl.lit(low, pl.UInt64), pl.lit(high, pl.UInt64))
        most = 4 * self.held
        hashes = pl.scan_ipc(self._runs).filter(between).head(most + 1).collect(engine="streaming")["hash"]
        return _twice(hashes) if hashes.len() <= most else self._twice_crowded(between)

    def _twice_crowded(self, between: pl.Expr) -> pl.Series:
        """Where a few hashes come again and again: run by run, so that memory holds each of them once."""
        seen = twice = pl.Series("hash", [], dtype=pl.UInt64)
        for run in self._runs:
            hashes = pl.scan_ipc(run).filter(between).collect()["hash"]
            once = hashes.unique()
            again = pl.concat([_twice(hashes), once.filter(once.is_in(seen.implode()))])
            twice = pl.concat([twice, again]).unique()
            seen = pl.concat([seen, once]).unique()
        return twice


class Suspects:
    """Rows with some suspect hashes, compared by their real values as they go by: all but the first are repeats.

    Remembers each suspect key once, not each row. Nulls equal each other.
    """

    def __init__(self, columns: Sequence[str], hashes: pl.Series) -> None:
        self._columns = list(columns)
        self._hashes = hashes.implode()
        self._seen: pl.DataFrame | None = None

    def repeats(self, rows: pl.DataFrame, numbers: pl.Series) -> pl.DataFrame:
        """Of typed rows with ascending numbers those that repeat a key: row, first (its number), file (null)."""
        suspect = hashed(rows, self._columns).is_in(self._hashes)
        named = [pl.col(name).alias(f"k{place}") for place, name in enumerate(self._columns)]
        keys = [f"k{place}" for place in range(len(named))]
        found = rows.filter(suspect).select(named).with_columns(numbers.filter(suspect).alias("row"))
        found = found.with_columns(first=pl.col("row").first().over(keys))
        if self._seen is not None and found.height:
            known = found.join(self._seen, on=keys, how="left", nulls_equal=True, maintain_order="left")
            found = known.with_columns(first=pl.coalesce("earlier", "first")).drop("earlier")
        new = found.filter(pl.col("row") == pl.col("first")).select(*keys, earlier="row")
        self._seen = new if self._seen is None else self._seen.vstack(new)
        return found.filter(pl.col("row") != pl.col("first")).select("row", "first", file=pl.lit(None, pl.String))


def _twice(hashes: pl.Series) -> pl.Series:
    """The distinct values that are there more than once. Counting the distinct ones is three times as fast."""
    if hashes.n_unique() == hashes.len():
        return hashes.clear()
    return hashes.filter(hashes.is_duplicated()).unique()


def _sliced(values: pl.Series, size: int) -> Iterator[pl.Series]:
    for start in range(0, values.len(), size):
        yield values.slice(start, size)
