"""Unique keys by 64-bit hashes, the only state of a pass that grows with the rows: 16 bytes for each."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from perennial.validation.contract import Contract
from perennial.validation.verdict import Example, Problem

_SEED = 20_13


class Keys:
    """The keys of accepted rows, in their order. Two keys with one hash are taken as one (1e-5 at 20 million rows)."""

    def __init__(self, contract: Contract) -> None:
        self._names = list(contract.key)
        self._parts: list[pl.DataFrame] = []

    def add(self, frame: pl.DataFrame, rows: pl.Series) -> None:
        """Remembers the keys of typed rows and the numbers they have in the file."""
        if self._names and frame.height:
            hashes = frame.select(self._names).hash_rows(_SEED)
            self._parts.append(pl.DataFrame({"key": hashes, "row": rows}))

    def repeated(self) -> pl.DataFrame:
        """Rows whose key an earlier row has: place (0-based, among the rows added), row, first (that earlier row)."""
        keys = self._all()
        schema = {"place": pl.UInt32(), "row": pl.UInt64(), "first": pl.UInt64()}
        if keys["key"].n_unique() == keys.height:
            return pl.DataFrame(schema=schema)
        numbered = keys.with_row_index("place").with_columns(first=pl.col("row").first().over("key"))
        return numbered.filter(pl.col("row") != pl.col("first")).select(list(schema)).sort("place")

    def write(self, path: Path, without: pl.Series) -> Path | None:
        """Keeps the hashes beside the part, for uniqueness across files; leaves out the given places."""
        if not self._names:
            return None
        keys = self._all()
        if without.len():
            keep = ~keys.with_row_index("place")["place"].is_in(without.implode())
            keys = keys.filter(keep)
        keys.write_parquet(path, compression="uncompressed")
        return path

    def _all(self) -> pl.DataFrame:
        empty = pl.DataFrame(schema={"key": pl.UInt64(), "row": pl.UInt64()})
        return pl.concat([empty, *self._parts])


def across(files: Sequence[Path], names: Sequence[str], contract: Contract) -> Problem | None:
    """The problem of one key in several parts, or None. `files` are the parts' key files, `names` what they are called.

    Such rows cannot be set aside without writing parts anew, so they refuse the dataset.
    """
    parts = [pl.read_parquet(path).with_columns(part=pl.lit(place, pl.UInt32())) for place, path in enumerate(files)]
    if not parts:
        return None
    keys = pl.concat(parts)
    if keys["key"].n_unique() == keys.height:
        return None
    first = pl.all().exclude("key").first().over("key").name.prefix("first_")
    again = keys.with_columns(first).filter(pl.struct("part", "row") != pl.struct(part="first_part", row="first_row"))
    part, row, first_part, first_row = again.select("part", "row", "first_part", "first_row").row(0)
    more = f" ({again.height:,} rows in all)" if again.height > 1 else ""
    key = ", ".join(contract.key)
    message = f"row {row} repeats the key ({key}) of row {first_row} in {names[first_part]}{more}"
    examples = tuple(Example(int(number)) for number in again["row"].head(contract.limits.examples))
    return Problem("repeated-key", message, key, row, again.height, examples, names[part])
