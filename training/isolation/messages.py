"""The messages between a job and the process of its estimator, over two pipes.

A request is a pickle, because the process trusts its job. A reply is a JSON object, and after it bytes whose number the
object's member `sizes` tells, because the job does not trust the process.
"""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

_LENGTH = struct.Struct("<Q")
_MOST_FACTS = 1 << 20


class ReplyError(Exception):
    """The process has ended, or its reply is not as a reply must be."""


def send_request(stream: BinaryIO, request: tuple[Any, ...]) -> None:
    """Writes a request. Raises OSError if the process has ended."""
    content = pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def read_request(stream: BinaryIO) -> tuple[Any, ...] | None:
    """The next request; None at the end of the job."""
    length = stream.read(_LENGTH.size)
    if len(length) < _LENGTH.size:
        return None
    request: tuple[Any, ...] = pickle.loads(stream.read(_LENGTH.unpack(length)[0]))  # noqa: S301  (from the job)
    return request


def send_reply(stream: BinaryIO, facts: Mapping[str, Any], parts: Sequence[bytes] = ()) -> None:
    """Writes a reply: facts, and parts of bytes."""
    content = json.dumps({**facts, "sizes": [len(part) for part in parts]}).encode()
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    for part in parts:
        stream.write(part)
    stream.flush()


def read_reply(stream: BinaryIO, most: int) -> tuple[dict[str, Any], list[bytes]]:
    """The facts and the parts of a reply; all parts together have at most `most` bytes. Raises ReplyError."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if length > _MOST_FACTS:
        raise ReplyError("its reply is too long")
    try:
        facts = json.loads(_exactly(stream, length))
        sizes = facts.pop("sizes")
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
        raise ReplyError("its reply is no reply") from None
    if not isinstance(sizes, list) or not all(type(size) is int and size >= 0 for size in sizes) or sum(sizes) > most:
        raise ReplyError("its reply is of another size than expected")
    return facts, [_exactly(stream, size) for size in sizes]


def _exactly(stream: BinaryIO, size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise ReplyError("it ended")
    return content
