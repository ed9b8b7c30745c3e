"""Behavioural tests on rows: invariance, direction and minimum functionality."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial.contract.gate import Behaviour
from perennial.gate.measuring import behaviour

ROWS = pd.DataFrame(
    {
        "age": pd.array([20, 30, None, 50], dtype="Int64"),
        "income": [1.0, 2.0, np.nan, 4.0],
        "city": ["Bern", "Rome", None, "Bern"],
        "member": pd.array([True, None, False, True], dtype="boolean"),
        "joined": pd.to_datetime(["2020-01-01", "2021-01-01", None, "2022-01-01"]).astype("datetime64[us]"),
        "seen": pd.to_datetime(["2020-01-01", "2021-01-01", None, "2022-01-01"], utc=True).astype(
            "datetime64[us, UTC]"
        ),
    }
)


def by_income(rows: pd.DataFrame) -> np.ndarray:
    assert rows.dtypes.to_dict() == ROWS.dtypes.to_dict()
    return rows["income"].fillna(0.0).to_numpy() / 10


def tried(predict: Any = by_income, **test: Any) -> dict[str, Any]:
    (found,) = behaviour.measure([Behaviour("it", **test)], ROWS, predict, [False, True], 0.25)
    return found


def test_what_the_model_does_not_look_at_does_not_matter() -> None:
    found = tried(kind="invariance", set={"city": "Paris", "joined": "2026-01-01", "seen": "2026-01-01T00:00:00+00:00"})
    assert (found["passed"], found["rows"], found["failed"], found["example"]) == (True, 4, 0, None)
    assert "holds" in found["sentence"]


def test_what_it_looks_at_does_and_the_worst_row_is_the_example() -> None:
    found = tried(kind="invariance", set={"income": 1.5})
    assert (found["passed"], found["rows"], found["failed"]) == (False, 4, 4)
    assert found["example"] == {
        "before": {"income": "4"}, "after": {"income": "1.5"}, "score_before": 0.4, "score_after": 0.15,
    }  # fmt: skip
    assert tried(kind="invariance", set={"income": 1.5}, tolerance=0.3)["passed"]
    assert tried(kind="invariance", set={"income": 1.5}, tolerance=0.06, max_failure_rate=0.5)["passed"]


def test_rows_that_are_not_changed_are_not_tried() -> None:
    assert tried(kind="invariance", set={"city": "Bern"})["rows"] == 2
    assert tried(kind="invariance", add={"age": 1})["rows"] == 3
    assert tried(kind="invariance", set={"city": "Bern"}, rows=1)["passed"] is None


def test_more_must_not_lower_the_score() -> None:
    assert tried(kind="direction", add={"income": 1})["passed"]
    assert not tried(kind="direction", add={"income": 1}, score="must_not_rise")["passed"]
    assert tried(kind="direction", add={"income": -1}, score="must_not_rise")["passed"]
    assert not tried(kind="direction", add={"income": -1})["passed"]


def test_a_score_that_is_no_number_bears_nothing_out() -> None:
    assert tried(lambda rows: np.full(len(rows), np.nan), kind="invariance", set={"city": "Oslo"})["failed"] == 4


@pytest.mark.parametrize(
    ("model", "passed", "entry"),
    [
        ({"at_least": 0.3}, True, ": 0.3."),
        ({"at_least": 0.31}, False, "the score 0.3 is below 0.31"),
        ({"at_most": 0.2}, False, "the score 0.3 is above 0.2"),
        ({"label": True}, True, ""),
        ({"label": False}, False, "the model predicts true instead of false"),
    ],
)
def test_a_named_row_is_answered_as_declared(model: dict[str, Any], passed: bool, entry: str) -> None:
    found = tried(kind="answer", row={"income": 3, "age": 40, "member": False, "seen": "2026-01-01"}, **model)
    assert (found["passed"], found["rows"]) == (passed, 1)
    assert entry in found["sentence"]


def test_of_many_classes_the_label_says_whose_probability_is_meant() -> None:
    def predict(rows: pd.DataFrame) -> np.ndarray:
        low = by_income(rows)
        return np.column_stack([low, 1 - low])

    def model(**test: Any) -> bool:
        (found,) = behaviour.measure([Behaviour("it", **test)], ROWS, predict, ["rich", "poor"])
        return bool(found["passed"])

    assert model(kind="direction", add={"income": 1}, label="rich")
    assert not model(kind="direction", add={"income": 1}, label="poor")
    assert not model(kind="invariance", add={"income": 1})
    assert model(kind="answer", row={"income": 9}, label="rich", at_least=0.9)
    assert not model(kind="answer", row={"income": 9}, label="poor")


def test_values_of_texts_are_not_written_into_the_example() -> None:
    found = tried(
        lambda rows: (rows["city"] == "Oslo").to_numpy().astype(float), kind="invariance", set={"city": "Oslo"}
    )
    assert found["example"]["before"] == {}
