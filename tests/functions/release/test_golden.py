"""The golden rows are sent in bodies below the endpoint's limit, all of them, in their order."""

import json
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.release import golden
from tests.functions.release.conftest import ROWS, House
from tests.functions.release.test_release import baking, canary, eventually

LARGEST = 200


@given(st.lists(st.text(max_size=60), max_size=30))
def test_all_rows_are_in_bodies_of_the_size_allowed_unless_one_row_is_larger(texts: list[str]) -> None:
    rows = [{"x": text} for text in texts]
    made = list(golden.parts({"rows": rows, "predictions": list(range(len(rows)))}, LARGEST))
    sent = [json.loads(part.body)["rows"] for part in made]
    assert [row for some in sent for row in some] == rows
    assert [number for part in made for number in part.predictions] == list(range(len(rows)))
    assert all(len(part.body) <= LARGEST or len(some) == 1 for part, some in zip(made, sent, strict=True))
    assert [part.first for part in made] == [part.predictions[0] if part.predictions else 0 for part in made]
    for part, later in pairwise(made):  # no body is divided without need
        assert len(part.body) + len(json.dumps(json.loads(later.body)["rows"][0])) + 1 > LARGEST


@pytest.fixture
def single(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each golden row in a body of its own."""
    monkeypatch.setattr(golden, "parts", partial(golden.parts, largest=1))


@pytest.mark.usefixtures("single")
def test_a_version_whose_golden_rows_need_many_bodies_is_verified_and_becomes_champion(house: House) -> None:
    assert len(ROWS) > 1
    house.promote("a")
    second = house.promote("b")
    assert house.champion().version == second.id
    assert f"{second.id} answers the golden rows as offline, on live traffic." in house.told()


@pytest.mark.usefixtures("single")
def test_a_fault_in_a_later_body_names_the_row_among_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.promote("a")
    read = golden.read

    def last_is_wrong(*arguments: Any) -> dict[str, Any]:
        found = read(*arguments)
        return found | {"predictions": [*found["predictions"][:-1], {"label": True, "probability": 0.123}]}

    house.begin(house.version("b"))
    baking(house)
    monkeypatch.setattr(golden, "read", last_is_wrong)
    eventually(lambda: house.call(canary)["asked"])
    assert f"golden row {len(ROWS)}: 'probability' differs from the model's offline prediction" in house.told()
