"""Profiles are sums over frozen grids: slices merged equal one pass, in any order."""

import json
import math
import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract
from perennial.dtypes import dtypes
from perennial.profile import OTHERS, Grid, Profile, ProfileError, freeze, merge, profile
from tests.perennial.validation.test_many_files import same_counts

COLUMNS = {
    "price": Column("number", nullable=True),
    "count": Column("integer", nullable=True),
    "town": Column("category", nullable=True),
    "note": Column("text", nullable=True),
    "day": Column("date", nullable=True),
    "at": Column("datetime", nullable=True),
    "late": Column("boolean", nullable=True),
}
CONTRACT = Contract(COLUMNS, "late", event_time="at")


def table(rows: int, seed: int = 1, shift: float = 0.0) -> pl.DataFrame:
    chance = random.Random(seed)
    data = {
        "price": [chance.gauss(shift, 1) if chance.random() > 0.02 else None for _ in range(rows)],
        "count": [int(chance.expovariate(0.1)) for _ in range(rows)],
        "town": [f"town {int(chance.paretovariate(0.8)) % 400}" for _ in range(rows)],
        "note": ["x" * chance.randint(0, 50) for _ in range(rows)],
        "day": [date(2024, 1, 1) + timedelta(chance.randint(0, 30)) for _ in range(rows)],
        "at": [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randint(0, 10**6)) for _ in range(rows)],
        "late": [chance.random() < 0.2 for _ in range(rows)],
    }
    return pl.DataFrame(data, schema=dtypes(CONTRACT))


ROWS = table(5000)
GRID = freeze(ROWS.head(2000), CONTRACT)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 5000), max_size=6), st.randoms(use_true_random=False))
def test_slices_merged_in_any_order_equal_one_pass(cuts: list[int], chance: random.Random) -> None:
    edges = [0, *sorted(cuts), 5000]
    parts = [profile(ROWS.slice(low, high - low), GRID) for low, high in pairwise(edges)]
    whole = profile(ROWS, GRID)
    chance.shuffle(parts)
    same_counts(merge(*parts), whole)
    same_counts(merge(parts[0], merge(*parts[1:])) if len(parts) > 1 else parts[0], whole)


def test_an_empty_profile_changes_nothing() -> None:
    whole = profile(ROWS, GRID)
    assert merge(whole, Profile.empty(GRID)) == whole
    assert merge(Profile.empty(GRID), whole) == whole
    same_counts(profile(ROWS.head(0), GRID), Profile.empty(GRID))


def test_counts_are_those_of_the_rows() -> None:
    whole = profile(ROWS, GRID)
    price = whole.columns["price"]
    values = ROWS["price"].drop_nulls()
    grid = GRID.columns["price"]
    assert price.nulls == ROWS["price"].null_count()
    assert sum(price.cells) == price.count == values.len()
    assert list(price.deciles) == [int((values <= edge).sum()) for edge in grid.deciles]
    assert price.cells[0] == int((values <= grid.low).sum())
    assert price.cells[-1] == int((values > grid.high).sum())
    assert price.moments.mean == pytest.approx(values.mean())
    assert price.moments.deviation == pytest.approx(values.std(ddof=0))
    late = whole.columns["late"]
    assert dict(zip(GRID.columns["late"].categories, late.cells, strict=True))["true"] == ROWS["late"].sum()


def test_deciles_of_the_grid_are_the_samples_own() -> None:
    values = ROWS.head(2000)["price"].drop_nulls().sort()
    for place, edge in enumerate(GRID.columns["price"].deciles, 1):
        share = int((values <= edge).sum()) / values.len()
        assert share == pytest.approx(place / 10, abs=1 / values.len())


def test_categories_beyond_the_cap_are_counted_as_others_exactly() -> None:
    town = profile(ROWS, GRID).columns["town"]
    known = set(GRID.columns["town"].categories)
    rest = [value for value in ROWS["town"] if value not in known]
    assert town.other == len(rest)
    assert len(town.others) <= OTHERS
    assert all(rest.count(name) == count for name, count in town.others)


def test_a_profile_survives_json_and_is_small() -> None:
    whole = profile(ROWS, GRID)
    data = json.dumps(whole.as_dict(), allow_nan=False)
    assert Profile.from_dict(json.loads(data)) == whole
    assert json.dumps(Profile.from_dict(json.loads(data)).as_dict()) == data


def test_a_profile_of_twenty_columns_is_below_200_kb() -> None:
    rows = 300_000  # a count then takes as many bytes as of a million
    chance = np.random.default_rng(1)
    numbers = pl.Series(chance.uniform(0, 1, rows))  # fills every cell alike: the largest counts in every one
    wide = Contract({f"number {place}": Column("number", nullable=True) for place in range(20)}, "number 0")
    frame = pl.DataFrame({name: (numbers + place) ** 2 for place, name in enumerate(wide.columns)})
    text = json.dumps(profile(frame, freeze(frame.head(100_000), wide)).as_dict(), separators=(",", ":"))
    assert len(text) < 200_000
    names = pl.Series(chance.integers(0, 100_000, 200_000)).cast(pl.String)
    towns = Contract(
        {f"a town among many {place}": Column("category", nullable=True) for place in range(20)}, "a town among many 0"
    )
    frame = pl.DataFrame(dict.fromkeys(towns.columns, "a quite long name of a town " + names))
    text = json.dumps(profile(frame, freeze(frame, towns)).as_dict(), separators=(",", ":"))  # as it is written to S3
    assert len(text) < 200_000


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(0, 5000)] * 2))
def test_merging_is_associative_and_commutative(cuts: tuple[int, int]) -> None:
    edges = [0, *sorted(cuts), 5000]
    one, two, three = (profile(ROWS.slice(low, high - low), GRID) for low, high in pairwise(edges))
    assert merge(one, two) == merge(two, one)
    left, right = merge(merge(one, two), three), merge(one, merge(two, three))
    same_counts(left, right)
    for name, column in left.columns.items():
        mine, other = column.moments, right.columns[name].moments
        scale = max(abs(mine.mean), mine.deviation)
        assert abs(mine.mean - other.mean) <= 4 * math.ulp(scale)
        condition = scale / mine.deviation if mine.deviation else 1.0  # a mean far from zero has coarser steps
        assert abs(mine.m2 - other.m2) <= 8 * math.ulp(mine.m2) * condition


def test_a_profile_of_another_format_is_refused() -> None:
    with pytest.raises(ProfileError, match="a profile of format 1"):
        Profile.from_dict(profile(ROWS, GRID).as_dict() | {"format": 1})


def test_a_grid_is_known_by_its_digest() -> None:
    again = Grid.from_dict(json.loads(json.dumps(GRID.as_dict())))
    assert again == GRID
    assert again.digest == GRID.digest
    assert freeze(ROWS.tail(2000), CONTRACT).digest != GRID.digest
    assert {name: column.role for name, column in GRID.columns.items() if column.role != "feature"} == {
        "late": "target",
        "at": "other",
        "note": "other",
    }


def test_profiles_of_different_grids_do_not_merge() -> None:
    other = freeze(ROWS.tail(100), CONTRACT)
    with pytest.raises(ProfileError, match="different grids"):
        merge(profile(ROWS, GRID), profile(ROWS, other))
    with pytest.raises(ProfileError, match="no column 'price'"):
        profile(ROWS.drop("price"), GRID)


def test_data_of_categories_alone_has_a_profile() -> None:
    contract = Contract({"town": Column("category", nullable=True), "late": Column("boolean", nullable=True)}, "late")
    frame = ROWS.select("town", "late")
    assert profile(frame, freeze(frame, contract)).rows == 5000


@pytest.mark.parametrize("values", [[], [None, None], [7.0], [7.0] * 9, [float("nan")], [1e308, -1e308], [5e-324, 0.0]])
def test_odd_columns_have_a_grid_and_a_profile(values: list[float | None]) -> None:
    contract = Contract({"price": Column("number", nullable=True), "late": Column("boolean", nullable=True)}, "late")
    frame = pl.DataFrame(
        {"price": values, "late": [True] * len(values)}, schema={"price": pl.Float64, "late": pl.Boolean}
    )
    counted = profile(frame, freeze(frame, contract))
    json.dumps(counted.as_dict(), allow_nan=False)
    price = counted.columns["price"]
    assert sum(price.cells) + price.nulls + price.nans == len(values)


def test_infinite_numbers_fall_outside_and_nan_is_counted_apart() -> None:
    frame = pl.DataFrame({"price": [float("inf"), float("-inf"), float("nan"), 0.0, None]}).with_columns(
        ROWS.head(5).drop("price")
    )
    price = profile(frame, GRID).columns["price"]
    assert (price.cells[0], price.cells[-1], price.nans, price.nulls) == (1, 1, 1, 1)
    assert price.moments.count == 1
