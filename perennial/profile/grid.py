"""The grid: fixed cells over which columns are counted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from perennial.profile.distinct import K

FORMAT = 1
CELLS = 1024
_TOLERANCE = 2.0**-23  # twice the rounding of a 32-bit float

Kind = Literal["numeric", "length", "categories"]
Role = Literal["target", "feature", "other"]


class ProfileError(ValueError):
    """Profiles of different grids were merged, or the data lacks a column of the grid."""


@dataclass(frozen=True, slots=True)
class ColumnGrid:
    """The cells of one column. `low`, `high`, `deciles` are numbers; dates are days, datetimes microseconds.

    `cells` is the number of cells between `low` and `high`, `kept` that of hashes and names of other values: fewer in a
    wide table, whose profile would grow with its columns otherwise.
    """

    type: str
    kind: Kind
    role: Role
    low: float = 0.0
    high: float = 1.0
    deciles: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    cells: int = CELLS
    kept: int = K

    @property
    def width(self) -> float:
        """The width of one cell."""
        return (self.high - self.low) / self.cells

    def with_words(self, words: tuple[str, str] | None) -> ColumnGrid:
        """The same cells; for a boolean target with its data's words for false and true as categories."""
        if words is None or (self.type, self.role) != ("boolean", "target"):
            return self
        return replace(self, categories=words)

    def reach(self, edge: float) -> float:
        """The upper end of the values that count as an edge: a number stored as a 32-bit float still equals it."""
        return edge + self.tolerance(edge)

    def tolerance(self, edge: float) -> float:
        """The difference from an edge up to which a value equals it; 0 for all types but numbers."""
        return min(abs(edge) * _TOLERANCE, self.width / 2) if self.type == "number" else 0.0


@dataclass(frozen=True)
class Grid:
    """The cells of all columns. Profiles over grids of equal digest can be merged and compared."""

    columns: Mapping[str, ColumnGrid]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        return {"format": FORMAT, "columns": {name: _grid_dict(column) for name, column in self.columns.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Grid:
        """The inverse of `as_dict`. Raises ProfileError for another format."""
        if data.get("format") != FORMAT:
            raise ProfileError(f"a grid of format {data.get('format')!r}, {FORMAT} is expected")
        return cls({name: _grid_of(column) for name, column in data["columns"].items()})


def _grid_dict(column: ColumnGrid) -> dict[str, Any]:
    common: dict[str, Any] = {"type": column.type, "kind": column.kind, "role": column.role}
    if (column.cells, column.kept) != (CELLS, K):  # left out where usual: grids of older versions keep their digests
        common |= {"cells": column.cells, "kept": column.kept}
    if column.kind == "categories":
        return {**common, "categories": list(column.categories)}
    return {**common, "low": column.low, "high": column.high, "deciles": list(column.deciles)}


def _grid_of(data: Mapping[str, Any]) -> ColumnGrid:
    low, high = data.get("low", 0.0), data.get("high", 1.0)
    deciles, categories = tuple(data.get("deciles", ())), tuple(data.get("categories", ()))
    sizes = data.get("cells", CELLS), data.get("kept", K)
    return ColumnGrid(data["type"], data["kind"], data["role"], low, high, deciles, categories, *sizes)
