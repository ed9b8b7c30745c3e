"""Rows of persons who were forgotten: known by fingerprints, and left out of later uploads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from perennial.forgetting.subject import Subject
from perennial.validation.casts import cast

if TYPE_CHECKING:
    from perennial.contract.dataset import Contract


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The fingerprints of persons, the columns that they may be made of, and the secret under which they are."""

    secret: str
    fingerprints: frozenset[str]
    columns: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, secret: str, known: Mapping[str, Sequence[Sequence[str]]]) -> Forgotten | None:
        """From the columns by fingerprint, as the ledger has them; None where nobody was forgotten."""
        if not known:
            return None
        columns = sorted({tuple(names) for each in known.values() for names in each})
        return cls(secret, frozenset(known), tuple(columns))

    def mask(self, frame: pl.DataFrame, contract: Contract) -> pl.Series:
        """A mask of the rows that are of such persons. Values are read as the contract's types."""
        found = [False] * frame.height
        for names in self.columns:
            if not set(names) <= set(frame.columns) & set(contract.columns):
                continue
            typed = pl.DataFrame({name: cast(frame[name], contract.columns[name]) for name in names})
            for place, values in enumerate(typed.iter_rows()):
                if not found[place] and None not in values:
                    person = Subject(dict(zip(names, values, strict=True)))
                    found[place] = person.fingerprint(self.secret) in self.fingerprints
        return pl.Series(found, dtype=pl.Boolean)
