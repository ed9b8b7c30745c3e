"""Gzip is decompressed as by zlib, and everything that zlib refuses is refused."""

import gzip
import io
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.validation.gunzip import Gunzip, GzipError

WORDS = st.binary(max_size=300)


def undone(data: bytes, most: int = 64) -> bytes | None:
    """The content of the file, None if it is refused."""
    pieces = []
    try:
        gunzip = Gunzip(io.BytesIO(data))
        while piece := gunzip.read(most):
            assert len(piece) <= most
            pieces.append(piece)
    except GzipError:
        return None
    return b"".join(pieces)


def expected(data: bytes) -> bytes | None:
    """The same by zlib: all members, zeros between and after them."""
    found = b""
    while data:
        inflate = zlib.decompressobj(31)
        try:
            found += inflate.decompress(data)
        except zlib.error:
            return None
        if not inflate.eof:
            return None
        data = inflate.unused_data.lstrip(b"\0")
    return found


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=3), st.integers(0, 9), st.integers(0, 5), st.integers(1, 100))
def test_members_and_padding_are_read(words: list[bytes], level: int, zeros: int, most: int) -> None:
    data = (b"\0" * zeros).join(gzip.compress(word, level) for word in words) + b"\0" * zeros
    assert undone(data, most) == b"".join(words)


@settings(max_examples=200, deadline=None)
@given(WORDS, st.lists(st.tuples(st.integers(2, 10_000), st.integers(0, 255)), max_size=2), st.integers(2, 400), WORDS)
def test_what_zlib_refuses_is_refused(word: bytes, spots: list[tuple[int, int]], cut: int, tail: bytes) -> None:
    data = bytearray(gzip.compress(word * 2))
    for place, value in spots:
        data[2 + place % (len(data) - 2)] = value
    spoilt = bytes(data[:cut]) if len(tail) % 2 else bytes(data) + tail[:8]
    assert undone(spoilt) == expected(spoilt)


@pytest.mark.parametrize("flags", [0x20, 0x40, 0x80])
def test_unknown_flags_are_refused(flags: int) -> None:
    data = bytearray(gzip.compress(b"abc"))
    data[3] |= flags
    with pytest.raises(GzipError, match="unknown flags"):
        Gunzip(io.BytesIO(bytes(data)))


def test_a_file_cut_off_and_a_file_damaged_are_told_apart() -> None:
    data = gzip.compress(bytes(range(256)) * 100)
    for spoilt, code in ((data[:-9], "truncated"), (data[:-5] + b"\1" + data[-4:], "corrupt")):
        gunzip = Gunzip(io.BytesIO(spoilt))
        with pytest.raises(GzipError) as caught:
            any(not gunzip.read(1 << 20) for _ in range(9))
        assert caught.value.code == code
