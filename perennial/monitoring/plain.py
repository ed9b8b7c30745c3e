"""Captured requests of one row that are plain, read by Polars as perennial.contract.requests reads them.

A body is plain if it is one JSON object or one line of CSV in a spelling that every reader interprets alike; all other
bodies are left to the reader itself. So this module changes only the time that reading takes.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from perennial.contract import requests
from perennial.contract.columns import TEXTS
from perennial.contract.dataset import Contract
from perennial.contract.fields import PayloadError
from perennial.contract.model import ModelSpec
from perennial.contract.requests import CSV, JSON, UnsupportedTypeError
from perennial.contract.schema import Schema
from perennial.contract.values import LONGEST_TEXT
from perennial.dtypes import DTYPES
from perennial.monitoring.captures import INPUT, INPUT_TYPE
from perennial.validation import json_proof
from perennial.validation.casts import cast, without_marks

#: the place of a request among those that were asked for
PLACE = "place"
_FORMS = 8  # of bodies in a block that are told apart
_FEWEST = 20  # bodies of one form for which Polars is asked
_ENVELOPES = frozenset({*requests.ENVELOPES, requests.COLUMNS})


@dataclass(frozen=True)
class PlainReader:
    """Reads plain bodies of one model's requests."""

    spec: ModelSpec
    schema: Schema

    def read(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The inputs of the plain requests, each with its PLACE. `frame` has PLACE and the columns of a record."""
        kinds = {kind: _kind(kind) for kind in frame[INPUT_TYPE].unique()}
        found = []
        for kind, parameters in ((JSON, {}), (CSV, {}), (CSV, {"header": "absent"}), (CSV, {"header": "present"})):
            of_kind = [text for text, parsed in kinds.items() if parsed == (kind, parameters)]
            some = frame.filter(pl.col(INPUT_TYPE).is_in(of_kind), pl.col(INPUT).is_not_null())
            if some.height >= _FEWEST:
                found += self._json(some) if kind == JSON else self._csv(some, parameters)
        return pl.concat(found) if found else pl.DataFrame(schema={PLACE: frame.schema[PLACE], **self._dtypes})

    @property
    def _dtypes(self) -> dict[str, pl.DataType]:
        return {name: DTYPES[self.spec.columns[name].type] for name in self.schema.read_names}

    @property
    def _contract(self) -> Contract:
        return self.spec.contract()

    def _json(self, frame: pl.DataFrame) -> list[pl.DataFrame]:
        """One JSON object a body. Bodies with the same keys in the same order are parsed together."""
        found, rest = [], frame.select(PLACE, pl.col(INPUT).str.strip_chars_end(" \t\r\n"))
        for _ in range(_FORMS):
            if rest.height < _FEWEST:
                break
            keys = _keys(rest[INPUT][0])
            pattern = self._pattern(keys)
            if pattern is None:
                rest = rest.slice(1)
                continue
            matches = rest[INPUT].str.contains(rf"\A{pattern}\z")
            if matches.any():
                data = "\n".join([*rest.filter(matches)[INPUT], ""]).encode()
                parsed = json_proof.parsed(data, keys, self._columns(keys), self._contract)
                if parsed is not None:
                    found.append(self._typed(rest.filter(matches)[PLACE], parsed))
            rest = rest.filter(~matches)
        return found

    def _pattern(self, keys: list[str]) -> str | None:
        given = frozenset(keys)
        known = given <= self.schema.known or self.schema.takes_unknown
        if not known or not self.schema.required <= given or (len(given) == 1 and given <= _ENVELOPES):
            return None
        return json_proof.pattern(keys, self._columns(keys), self._contract) if self._is_plain(given) else None

    def _columns(self, keys: list[str]) -> dict[str, str]:
        return {name: name for name in keys if name in self.schema.by_name}

    def _is_plain(self, given: frozenset[str]) -> bool:
        """True if no given column has cleaning or a format of its own."""
        return not any(self.spec.columns[name].cleans for name in given if name in self.schema.by_name)

    def _csv(self, frame: pl.DataFrame, parameters: Mapping[str, str]) -> list[pl.DataFrame]:
        """One row a body, with a header line or without. Bodies with the same header are parsed together."""
        body = pl.col(INPUT).str.strip_chars_end("\r\n").str.replace_all("\r\n", "\n", literal=True)
        odd = pl.col("body").str.contains('[\r\0"\ufeff]') | pl.col("body").str.starts_with("\n")
        lines = frame.select(PLACE, body.alias("body")).filter(~odd, pl.col("body") != "")
        lines = lines.with_columns(pl.col("body").str.count_matches("\n", literal=True).alias("breaks"))
        single = lines.filter(pl.col("breaks") == 0).select(PLACE, pl.col("body").alias("line"))
        found = []
        if parameters.get("header") != "present" and single.height >= _FEWEST:
            found.append(self._cells(single, list(self.schema.names), told=bool(parameters)))
        if parameters.get("header") != "absent":
            double = lines.filter(pl.col("breaks") == 1).select(
                PLACE, pl.col("body").str.split_exact("\n", 1).struct.rename_fields(["header", "line"]).alias("both")
            ).unnest("both")  # fmt: skip
            for (header,), some in double.group_by("header", maintain_order=True):
                names = next(csv.reader([str(header)]), [])
                if some.height >= _FEWEST and self._is_header(names, bool(parameters)):
                    found.append(self._cells(some.select(PLACE, "line"), names, told=True))
        return [frame for frame in found if frame is not None]

    def _is_header(self, names: list[str], told: bool) -> bool:
        try:
            requests.check_names(names, self.schema)
        except PayloadError:
            return False
        return told or requests._is_header(names, self.schema)

    def _cells(self, lines: pl.DataFrame, header: list[str], told: bool) -> pl.DataFrame | None:
        """The lines' cells; `told`: no line can be a header."""
        if not self._is_plain(frozenset(header)):
            return None
        commas = pl.col("line").str.count_matches(",", literal=True)
        lines = lines.filter(commas == len(header) - 1, pl.col("line") != "")
        if lines.is_empty():
            return None
        fields = [str(place) for place in range(len(header))]
        cells = lines["line"].str.split_exact(",", len(header) - 1).struct.unnest()
        cells.columns = fields
        if not told:
            named = pl.sum_horizontal(pl.col(field).is_in(list(self.schema.known)) for field in fields)
            header_like = cells.select(2 * named >= len(header)).to_series()
            lines, cells = lines.filter(~header_like), cells.filter(~header_like)
        wanted = {field: name for field, name in zip(fields, header, strict=True) if name in self.schema.by_name}
        return self._typed(lines[PLACE], cells.select(pl.col(field).alias(name) for field, name in wanted.items()))

    def _typed(self, places: pl.Series, given: pl.DataFrame) -> pl.DataFrame:
        """The values by the contract. Requests with a value that the server refuses are left out."""
        contract = self._contract
        values = without_marks(given, contract)
        columns, sound = [], pl.repeat(True, values.height, eager=True)
        features = frozenset(self.schema.names)
        for name, dtype in self._dtypes.items():
            if name not in values.columns:
                columns.append(pl.Series(name, [None], dtype=dtype).new_from_index(0, values.height))
                continue
            typed = cast(values[name], self.spec.columns[name])
            columns.append(typed.alias(name))
            if name in features:
                required = not self.spec.columns[name].nullable
                sound &= typed.is_not_null() if required else typed.is_not_null() | values[name].is_null()
            if self.spec.columns[name].type in TEXTS and typed.dtype == pl.String:
                sound &= (typed.str.len_bytes() <= LONGEST_TEXT).fill_null(value=True)
        return pl.DataFrame([places.alias(PLACE), *columns]).filter(sound)


def _kind(text: str) -> tuple[str, Mapping[str, Any]] | None:
    """The content type, and of its parameters those that count; None for one that the server refuses."""
    try:
        kind, parameters = requests.content_type(text)
    except UnsupportedTypeError:
        return None
    header = parameters.get("header", "")
    return kind, {"header": header} if kind == CSV and header in ("present", "absent") else {}


def _keys(body: str) -> list[str]:
    """The keys of a body that is one JSON object; none for others."""
    try:
        document = json.loads(body, object_pairs_hook=requests.without_repeats)
    except (ValueError, RecursionError):
        return []
    return list(document) if isinstance(document, dict) else []
