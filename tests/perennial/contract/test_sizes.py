"""The rows that a training needs, from the least of each side and the share of held-out rows."""

from __future__ import annotations

import pytest

from perennial.contract.sizes import rows_needed, too_few_rows


@pytest.mark.parametrize(("share", "needed"), [(0.2, 63), (0.1, 100), (1 / 6, 60), (0.5, 100), (0.8, 250)])
def test_the_rows_needed_fill_both_sides_of_the_split(share: float, needed: int) -> None:
    assert rows_needed(share) == needed
    assert too_few_rows(needed, share) == ""
    assert f"about {needed} rows" in too_few_rows(needed - 1, share)


def test_one_row_is_told_in_the_singular() -> None:
    assert too_few_rows(1, 0.2).startswith("1 row is too few")
