"""The best schedule of trainings in hindsight, by dynamic programming."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray


def best_schedule(
    money: Callable[[int], NDArray[np.float64]], days: int, mornings: Sequence[int], price: float
) -> list[int]:
    """The candidate that serves each day under the schedule with the most money.

    On each of the `mornings`, in order and the first of them 0, the day's candidate may take the place of the one in
    service, for the price of a run; the first one is free. `money(day)`: the money that the day's candidate earns on
    each day, (days,).
    """
    best: dict[int, tuple[float, tuple[int, ...]]] = {}  # of the schedules that begin with a morning's candidate
    for begin in reversed(mornings):
        sums = np.cumsum(money(begin)[begin:])
        choices = [(float(sums[-1]), (begin,))]
        choices += [
            (float(sums[end - begin - 1]) - price + best[end][0], (begin, *best[end][1]))
            for end in mornings
            if end > begin
        ]
        best[begin] = max(choices)
    runs = best[mornings[0]][1]
    return [max(begin for begin in runs if begin <= day) for day in range(days)]
