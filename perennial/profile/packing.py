"""Counts in JSON: a run of empty cells is one negative number."""

from collections.abc import Sequence


def packed(cells: Sequence[int]) -> list[int]:
    packed: list[int] = []
    for count in cells:
        if count == 0 and packed and packed[-1] < 0:
            packed[-1] -= 1
        else:
            packed.append(count or -1)
    return packed


def unpacked(packed: Sequence[int]) -> tuple[int, ...]:
    cells: list[int] = []
    for count in packed:
        cells += [0] * -count if count < 0 else [count]
    return tuple(cells)
