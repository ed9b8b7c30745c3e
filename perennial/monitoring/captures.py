"""Capture records as a frame: one row for each line that an endpoint's data capture wrote.

Plain lines are parsed by Polars, all others by perennial.capture, which defines them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from perennial import capture
from perennial.contract import observed as names
from perennial.golden import INFERENCE_ID
from perennial.monitoring.schemas import MOMENT

BLOCK = 16 << 20  # bytes of lines that are parsed at once
_SIDE = pl.Struct({"observedContentType": pl.String(), "data": pl.String(), "encoding": pl.String()})
_LINE = {
    "captureData": pl.Struct({"endpointInput": _SIDE, "endpointOutput": _SIDE}),
    "eventMetadata": pl.Struct({"eventId": pl.String(), "inferenceId": pl.String(), "inferenceTime": pl.String()}),
}
#: of a record: its identity, the request, and the answer; a body is text, or bytes where it is not UTF-8
INPUT_TYPE, INPUT, INPUT_BYTES = "input_type", "input", "input_bytes"
OUTPUT_TYPE, OUTPUT = "output_type", "output"
SCHEMA: dict[str, pl.DataType] = {
    names.AT: MOMENT,
    names.EVENT: pl.String(),
    names.REQUEST: pl.String(),
    INPUT_TYPE: pl.String(),
    INPUT: pl.String(),
    INPUT_BYTES: pl.Binary(),
    OUTPUT_TYPE: pl.String(),
    OUTPUT: pl.String(),
    names.OBJECT: pl.String(),
    names.LINE: pl.Int64(),
}


@dataclass(frozen=True)
class Records:
    """Records of consecutive lines, and the numbers of the lines that are none."""

    frame: pl.DataFrame
    broken: tuple[int, ...] = ()


def read(chunks: Iterator[bytes], key: str) -> Iterator[Records]:
    """The records of a capture object, in blocks of bounded size. `key` is the object's, for the place of a record.

    Golden rows, which a release asks, are left out.
    """
    number = 0
    for block in _blocks(chunks):
        count = block.count(b"\n") + 1
        found = _records(block, count, key, number)
        yield Records(found.frame.filter(pl.col(names.REQUEST).ne_missing(INFERENCE_ID)), found.broken)
        number += count


def _blocks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Whole lines, without the line feed of the last one."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        head, feed, tail = chunk.rpartition(b"\n")
        size += len(chunk)
        if size < BLOCK or not feed:
            parts.append(chunk)
            continue
        whole = b"".join((*parts, head))
        parts, size = [tail], len(tail)
        if whole:
            yield whole
    rest = b"".join(parts).removesuffix(b"\n")
    if rest:
        yield rest


def _records(block: bytes, count: int, key: str, before: int) -> Records:
    frame = _parsed(block, count)
    if frame is None:
        return _one_by_one(dict(enumerate(block.split(b"\n"), before + 1)), key)
    numbered = frame.with_columns(
        pl.lit(key).alias(names.OBJECT), pl.int_range(before + 1, before + 1 + count).alias(names.LINE)
    )
    plain = pl.col("plain")
    if frame["plain"].all():
        return Records(numbered.select(*SCHEMA))
    lines = block.split(b"\n")
    others = _one_by_one({n: lines[n - before - 1] for n in numbered.filter(~plain)[names.LINE]}, key)
    both = pl.concat([numbered.filter(plain).select(*SCHEMA), others.frame])
    return Records(both.sort(names.LINE), others.broken)


def _parsed(block: bytes, count: int) -> pl.DataFrame | None:
    """The records by Polars, and whether each is `plain`; None where the lines are not all JSON objects."""
    try:
        frame = pl.read_ndjson(block, schema=_LINE)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    if frame.height != count:
        return None
    data, event = pl.col("captureData").struct, pl.col("eventMetadata").struct
    given, answer = data.field("endpointInput").struct, data.field("endpointOutput").struct
    texts = ("CSV", "JSON")
    at = event.field("inferenceTime").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False, time_unit="us")
    return frame.select(
        at.dt.replace_time_zone("UTC").alias(names.AT),
        event.field("eventId").alias(names.EVENT),
        event.field("inferenceId").alias(names.REQUEST),
        given.field("observedContentType").alias(INPUT_TYPE),
        given.field("data").alias(INPUT),
        pl.lit(None, pl.Binary()).alias(INPUT_BYTES),
        answer.field("observedContentType").alias(OUTPUT_TYPE),
        answer.field("data").alias(OUTPUT),
        given.field("encoding").is_in(texts).alias("in"),
        answer.field("encoding").is_in(texts).alias("out"),
    ).with_columns(
        pl.all_horizontal(
            pl.col("in").fill_null(value=False),
            pl.col("out").fill_null(value=False),
            pl.col(names.AT, names.EVENT, INPUT_TYPE, INPUT, OUTPUT_TYPE, OUTPUT).is_not_null(),
        ).alias("plain")
    )


def _one_by_one(lines: dict[int, bytes], key: str) -> Records:
    """The records of numbered lines by perennial.capture; blank lines are none and no fault, nor are answers alone."""
    rows, broken = [], []
    for number, line in lines.items():
        if not line.strip():
            continue
        try:
            found = capture.read(line)
        except capture.NoRequestError:
            continue
        except capture.CaptureError:
            broken.append(number)
            continue
        text = _text(found.body)
        binary = None if text is not None else found.body
        answer = (None, None) if found.answer is None else (found.answer_type, _text(found.answer))
        identity = (found.at, found.event, found.inference)
        rows.append((*identity, found.content_type, text, binary, *answer, key, number))
    return Records(pl.DataFrame(rows, schema=SCHEMA, orient="row"), tuple(broken))


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None
