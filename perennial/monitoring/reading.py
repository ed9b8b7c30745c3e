"""Capture records as rows of an inference table, read as the server read them; what cannot be read is kept apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from perennial.contract import observed as names
from perennial.contract import requests
from perennial.contract.fields import PayloadError
from perennial.contract.model import ModelSpec
from perennial.contract.requests import PARQUET, UnsupportedTypeError
from perennial.contract.schema import Rows, Schema
from perennial.monitoring import answered
from perennial.monitoring.captures import INPUT, INPUT_BYTES, INPUT_TYPE, OUTPUT, OUTPUT_TYPE, Records
from perennial.monitoring.plain import PLACE, PlainReader
from perennial.monitoring.schemas import answer_schema, request_schema, unreadable_schema

#: why a request is in no table of requests
RECORD, TYPE, BODY, ANSWER, REFUSED = "record", "content type", "request", "answer", "refused"


@dataclass(frozen=True)
class Traffic:
    """Rows of an inference table, and the requests that are in it for no row."""

    rows: pl.DataFrame
    unreadable: pl.DataFrame


def rows_of(content_type: str, body: bytes, schema: Schema) -> Rows:
    """The rows that the server saw. Raises PayloadError and UnsupportedTypeError, as it does."""
    kind, parameters = requests.content_type(content_type)
    if kind == PARQUET:
        from perennial.validation.request_parquet import rows_of_parquet

        return rows_of_parquet(body, schema)
    return requests.read(body, kind, parameters, schema)


@dataclass(frozen=True)
class RequestReader:
    """Reads the records of one model version. `spec` is the one that the version was trained by."""

    spec: ModelSpec
    version: str

    @property
    def schema(self) -> Schema:
        """The schema of requests. Limits do not count: the server has answered."""
        return replace(Schema.observed(self.spec), refuses=False)

    def read(self, records: Records, key: str) -> Traffic:
        """The rows of records. `key` is that of the capture object."""
        schema = self.schema
        frame = records.frame.with_row_index(PLACE)
        plain = PlainReader(self.spec, schema).read(frame)
        quick = self._with_answers(frame.join(plain, on=PLACE, how="inner", maintain_order="left"))
        others = frame.join(quick.select(PLACE), on=PLACE, how="anti", maintain_order="left")
        slow = _Slow(self.spec, self.version)
        for record in others.iter_rows(named=True):
            slow.read(record, schema)
        broken = [(None, self.version, None, None, RECORD, key, line) for line in records.broken]
        wanted = request_schema(self.spec)
        rows = pl.concat([quick.select(self._cell(name, dtype) for name, dtype in wanted.items()), slow.frame()])
        unreadable = pl.DataFrame([*slow.unreadable, *broken], schema=unreadable_schema(), orient="row")
        return Traffic(rows, unreadable)

    def _cell(self, name: str, dtype: pl.DataType) -> pl.Expr:
        if name == names.VERSION:
            return pl.lit(self.version, dtype).alias(name)
        return pl.lit(0, dtype).alias(name) if name == names.ROW else pl.col(name).cast(dtype)

    def _with_answers(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Adds the answers of requests with one row; those whose answer is not plain are left out."""
        bodies = frame.select(pl.col(OUTPUT_TYPE).alias("kind"), pl.col(OUTPUT).alias("body"))
        found = answered.read_single(bodies, self.spec)
        if found is not None:
            frame = pl.concat([frame, found], how="horizontal")
            return frame.filter(pl.col(names.SCORE).is_not_null() | pl.col(OUTPUT).is_null())
        kept, cells = [], []
        for place, kind, body in zip(range(frame.height), bodies["kind"], bodies["body"], strict=True):
            try:
                cells += answered.read(kind, body, 1, self.spec)
                kept.append(place)
            except PayloadError:
                continue
        return pl.concat(
            [frame[kept], pl.DataFrame(cells, schema=answer_schema(self.spec), orient="row")], how="horizontal"
        )


class _Slow:
    """Reads records one by one, by the reader of the server."""

    def __init__(self, spec: ModelSpec, version: str) -> None:
        self._spec, self._version = spec, version
        self._schema = request_schema(spec)
        self._columns: dict[str, list[Any]] = {name: [] for name in self._schema}
        self.unreadable: list[tuple[Any, ...]] = []

    def read(self, record: dict[str, Any], schema: Schema) -> None:
        """Adds the rows of a record, or the reason why there are none."""
        body = record[INPUT_BYTES] if record[INPUT] is None else record[INPUT].encode()
        try:
            rows = rows_of(record[INPUT_TYPE], body, schema)
            answers = answered.read(record[OUTPUT_TYPE], record[OUTPUT], rows.count, self._spec)
        except UnsupportedTypeError:
            self._leave_out(record, TYPE)
        except answered.RefusedError:
            self._leave_out(record, REFUSED)
        except answered.MismatchError:
            self._leave_out(record, ANSWER)
        except PayloadError:
            self._leave_out(record, BODY)
        else:
            self._add(record, rows, answers)

    def _add(self, record: dict[str, Any], rows: Rows, answers: list[tuple[Any, ...]]) -> None:
        same = {names.AT: record[names.AT], names.VERSION: self._version}
        same |= {name: record[name] for name in (names.EVENT, names.REQUEST)}
        given = rows.columns | rows.kept
        answer = dict(zip(answer_schema(self._spec), zip(*answers, strict=True), strict=True))
        for name, column in self._columns.items():
            if name in same:
                column += [same[name]] * rows.count
            elif name == names.ROW:
                column += range(rows.count)
            else:
                column += answer[name] if name in answer else given.get(name, [None] * rows.count)

    def _leave_out(self, record: dict[str, Any], reason: str) -> None:
        identity = (record[names.AT], self._version, record[names.EVENT], record[names.REQUEST])
        self.unreadable.append((*identity, reason, record[names.OBJECT], record[names.LINE]))

    def frame(self) -> pl.DataFrame:
        """The rows that were read."""
        return pl.DataFrame(self._columns, schema=self._schema)
