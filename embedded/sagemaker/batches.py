"""Batches of a transform job: an input object split by SplitType, BatchStrategy and MaxPayloadInMB."""

from collections.abc import Iterator

_MB = 1024 * 1024


class PayloadError(Exception):
    """A record exceeds the maximum payload; the message is worded as by AWS."""


def split_into_batches(content: bytes, *, lines: bool, single: bool, max_payload_mb: int) -> Iterator[bytes]:
    """The bodies, in the order of the input. Raises PayloadError.

    Args:
        content: the object.
        lines: SplitType Line; otherwise the whole object is one body.
        single: BatchStrategy SingleRecord: a line is a body, without its newline.
        max_payload_mb: the largest body, in MB of 2^20 bytes.
    """
    limit = max_payload_mb * _MB
    if not lines:
        yield _fitting(content, limit)
        return
    batch: list[bytes] = []
    size = 0
    for line in _lines(content):
        _fitting(line, limit)
        if single:
            yield line.rstrip(b"\r\n")
            continue
        if size + len(line) > limit:
            yield b"".join(batch)
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield b"".join(batch)


def _lines(content: bytes) -> Iterator[bytes]:
    """Split at newlines alone: a lone carriage return is part of a record."""
    start = 0
    while start < len(content):
        end = content.find(b"\n", start) + 1 or len(content)
        yield content[start:end]
        start = end


def _fitting(record: bytes, limit: int) -> bytes:
    if len(record) > limit:
        raise PayloadError(f"Too much data for max payload size: {len(record)} bytes, allowed are {limit}")
    return record
