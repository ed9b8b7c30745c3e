"""The rows that a training needs: the job refuses fewer, and `perennial init` and `check` tell it before."""

from __future__ import annotations

import math

FEWEST_TRAINED_ON = 50
FEWEST_HELD_OUT = 10


def rows_needed(held_out: float) -> int:
    """The fewest rows of which so many are expected on both sides of the split, for a share of held-out rows."""
    both = math.ceil(round(FEWEST_TRAINED_ON / (1 - held_out), 9)), math.ceil(round(FEWEST_HELD_OUT / held_out, 9))
    return max(FEWEST_TRAINED_ON + FEWEST_HELD_OUT, *both)


def too_few_rows(rows: int, held_out: float) -> str:
    """The sentence about a file with fewer rows than a training needs; '' for one with enough."""
    needed = rows_needed(held_out)
    if rows >= needed:
        return ""
    return (
        f"{rows:,} {'row is' if rows == 1 else 'rows are'} too few for a training: it needs at least "
        f"{FEWEST_TRAINED_ON} rows to train on and {FEWEST_HELD_OUT} held-out rows, which are about {needed:,} rows "
        f"of all datasets of the model together"
    )
