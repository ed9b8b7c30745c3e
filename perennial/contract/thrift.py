"""Thrift's compact protocol, read strictly and within bounds: for any bytes, reading ends in a value or in an error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MOST_VALUES = 4_000_000
DEEPEST = 12
_BOOLEANS, _BYTE, INTEGERS, _DOUBLE, BINARY, LISTS, _MAP, STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, (9, 10), 11, 12


class ThriftError(ValueError):
    """The bytes are no structs of the compact protocol, or too many."""


class Compact:
    """A reader of one or more structs, from an offset. IndexError where the bytes end too early."""

    def __init__(self, data: bytes, at: int = 0, most_values: int = MOST_VALUES) -> None:
        self._data = data
        self.at = at
        self._left = most_values

    def struct(self, wanted: Mapping[int, Any], depth: int = 0) -> dict[int, Any]:
        """The wanted fields of a struct by their numbers."""
        found: dict[int, Any] = {}
        for field, kind in self.fields(depth):
            if field in wanted and kind in INTEGERS and wanted[field] is None:
                found[field] = self.zigzag()
            elif field in wanted and kind == STRUCT and wanted[field] is not None:
                found[field] = self.struct(wanted[field], depth + 1)
            elif field in wanted and kind in LISTS and wanted[field] is not None:
                count, inner = self.list()
                if inner != STRUCT:
                    raise ThriftError("the metadata has a list of another kind than is expected")
                found[field] = [self.struct(wanted[field], depth + 1) for _ in range(count)]
            else:
                self.skip(kind, depth)
        return found

    def fields(self, depth: int) -> Iterator[tuple[int, int]]:
        """The number and the kind of each field of a struct; its value is read or skipped in between."""
        if depth > DEEPEST:
            raise ThriftError("the metadata is nested too deeply")
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self.zigzag()
            self._count()
            yield field, head & 15

    def list(self) -> tuple[int, int]:
        """The length of a list and the kind of its elements."""
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self.varint()
        if count > len(self._data) - self.at:  # no element takes less than a byte
            raise ThriftError("the metadata has a list that is longer than itself")
        return count, head & 15

    def skip(self, kind: int, depth: int) -> None:
        """Passes over a value."""
        if kind in INTEGERS:
            self.varint()
        elif kind == BINARY:
            self._forward(self.varint())
        elif kind == _DOUBLE:
            self._forward(8)
        elif kind == _BYTE:
            self._forward(1)
        elif kind == STRUCT:
            for _, inner in self.fields(depth + 1):
                self.skip(inner, depth + 1)
        elif kind in LISTS:
            count, inner = self.list()
            for _ in range(count):
                self._element(inner, depth + 1)
        elif kind == _MAP:
            self._skip_map(depth)
        elif kind not in _BOOLEANS:
            raise ThriftError(f"the metadata has a value of the unknown kind {kind}")

    def _skip_map(self, depth: int) -> None:
        count = self.varint()
        if count > len(self._data) - self.at:
            raise ThriftError("the metadata has a map that is longer than itself")
        kinds = self._byte() if count else 0
        for _ in range(count):
            self._element(kinds >> 4, depth + 1)
            self._element(kinds & 15, depth + 1)

    def _element(self, kind: int, depth: int) -> None:
        """Reads an element of a list or map: a boolean takes a byte there."""
        self._count()
        if depth > DEEPEST:
            raise ThriftError("the metadata is nested too deeply")
        self.skip(_BYTE if kind in _BOOLEANS else kind, depth)

    def _byte(self) -> int:
        found = self._data[self.at]
        self.at += 1
        return found

    def varint(self) -> int:
        """An unsigned integer."""
        value = shift = 0
        while (byte := self._byte()) & 128:
            value |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ThriftError("the metadata has an integer beyond 64 bits")
        return value | byte << shift

    def zigzag(self) -> int:
        """A signed integer."""
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def _forward(self, count: int) -> None:
        self.at += count
        if self.at > len(self._data):
            raise ThriftError("the metadata ends in the middle of a value")

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise ThriftError("the metadata has too many values")
