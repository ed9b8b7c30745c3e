"""A value of few rows may be one person's: no drift report, distribution, fairness table or description names it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial.contract.gate import Fairness
from perennial.contract.naming import FEWEST_NAMED, UNNAMED
from perennial.drift.columns import categories_text, unseen_text
from perennial.gate.measuring import fairness
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.outcomes import Binary
from perennial.profile import ColumnGrid, ColumnProfile
from perennial.reports.contents.distributions import distribution

RARE, FEW = "Quirrelmann", FEWEST_NAMED - 1
GRID = ColumnGrid("category", "categories", "feature", categories=("Bern", RARE))


def profile(bern: int, rare: int, *others: tuple[str, int]) -> ColumnProfile:
    outside = sum(count for _, count in others)
    return ColumnProfile(rows=bern + rare + outside, cells=(bern, rare), other=outside, others=others)


@pytest.mark.parametrize(("rows", "named"), [(FEW, False), (FEWEST_NAMED, True)])
def test_drift_names_no_value_of_few_rows(rows: int, named: bool) -> None:
    before, now = profile(100, 0, ("Paris", 100)), profile(100, rows, ("Paris", 100))
    told = categories_text(GRID, before, now)
    assert (RARE in told, UNNAMED in told) == (named, not named)
    assert (RARE in unseen_text(profile(100, 0, (RARE, rows)), 0.1)) == named


@pytest.mark.parametrize(("rows", "named"), [(FEW, False), (FEWEST_NAMED, True)])
def test_a_distribution_counts_values_of_few_rows_among_all_others(rows: int, named: bool) -> None:
    found: Any = distribution("town", GRID, profile(100, rows), profile(90, 0))
    names = {one["name"]: one["before"] for one in found["categories"]}
    assert (RARE in names) == named
    assert sum(names.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(("rows", "named"), [(FEW, False), (FEWEST_NAMED, True)])
def test_a_group_of_few_rows_is_counted_and_not_named(rows: int, named: bool) -> None:
    column = np.array(["a"] * 150 + ["b"] * 150 + [RARE] * rows, dtype=object)
    rng = np.random.default_rng(1)
    outcomes = Binary(rng.random(len(column)) < 0.5, rng.random(len(column)), 0.5)
    rules = [Fairness(("town",))]
    (found,) = fairness.measure(rules, pd.DataFrame({"town": column}), outcomes, Resamples(len(column), 20, 1))
    assert (RARE in json.dumps(found)) == named
    assert found.get("unnamed") == (None if named else {"groups": 1, "rows": rows})
