"""Fits of folds side by side, each in a thread of its own; the models are those of one fit after another."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

_AT_ONCE = 2
_MOST_CELLS = 5_000_000  # of a table whose folds are fitted side by side; each further fit takes 25 bytes of a cell

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(work: Callable[[Item], Result], items: Iterable[Item], cells: int, *, own: bool = False) -> Iterator[Result]:
    """The results of `work`, in the order of the items, two at a time.

    A table of more than 5 million cells has one at a time, because memory is bounded, and so has an estimator of the
    user's own (`own`), which may keep state.
    """
    at_once = 1 if own or cells > _MOST_CELLS else min(_AT_ONCE, os.cpu_count() or 1)
    if at_once == 1:
        yield from map(work, items)
        return
    with threadpool_limits(1), ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(lambda item: _limited(work, item), items)


def _limited(work: Callable[[Item], Result], item: Item) -> Result:
    with threadpool_limits(1):  # OpenMP counts its threads for each thread of the process
        return work(item)
