"""Counts in JSON: LEB128 (seven bits a byte, lowest first) in base64; a zero is followed by the length of its run."""

import base64
from collections.abc import Iterable, Iterator
from itertools import groupby


def packed(counts: Iterable[int]) -> str:
    """Counts, none negative, as one text; about two bytes each for a million rows over 1,024 cells."""
    made = bytearray()
    for count, same in groupby(counts):
        if count == 0:
            _write(made, 0)
            _write(made, sum(1 for _ in same))
            continue
        for one in same:
            _write(made, one)
    return base64.b64encode(made).decode()


def unpacked(text: str) -> tuple[int, ...]:
    """The counts that `packed` gave."""
    counts: list[int] = []
    numbers = _read(base64.b64decode(text))
    for number in numbers:
        counts += [number] if number else [0] * next(numbers)
    return tuple(counts)


def _write(made: bytearray, number: int) -> None:
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    made.append(number)


def _read(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0
