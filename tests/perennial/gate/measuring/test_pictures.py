"""The data of plots: few points that are on the curves, and counts that add up."""

import json

import numpy as np
import pytest
from sklearn import metrics as sk

from perennial.gate.measuring.outcomes import Binary, Multiclass, Outcomes, Regression
from perennial.gate.measuring.pictures import MOST_POINTS, pictures
from tests.perennial.gate.measuring.made import binary, multiclass, regression


def test_the_curves_of_a_binary_model_keep_their_areas() -> None:
    outcomes = binary(5000)
    drawn = pictures(outcomes, ["no", "yes"])
    for name in ("roc", "precision_recall"):
        assert 100 <= len(drawn[name]) <= MOST_POINTS
    false, true = zip(*drawn["roc"], strict=True)
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert sk.auc(false, true) == pytest.approx(outcomes.points()["roc_auc"], abs=0.001)
    assert drawn["precision_recall"][-1] == [1, pytest.approx(outcomes.actual.mean(), rel=1e-5)]


def test_the_counts_of_a_binary_model_are_its_rows() -> None:
    outcomes = binary(500)
    drawn = pictures(outcomes, ["no", "yes"])
    assert drawn["confusion"]["labels"] == ["no", "yes"]
    assert drawn["confusion"]["counts"] == sk.confusion_matrix(outcomes.actual, outcomes.predicted).tolist()
    assert sum(entry["rows"] for entry in drawn["calibration"]) == 500
    assert sum(drawn["scores"]["positives"]) == outcomes.actual.sum()
    assert sum(drawn["scores"]["negatives"]) == 500 - outcomes.actual.sum()


def test_other_problems_are_drawn_by_what_they_have() -> None:
    many = pictures(multiclass(300), list("abcd"))
    assert sum(map(sum, many["confusion"]["counts"])) == 300
    assert sum(entry["rows"] for entry in many["calibration"]) == 300
    number = pictures(regression(305), [])
    assert sum(rows for _, _, rows in number["predicted"]) == sum(number["errors"]["counts"]) == 305
    assert [predicted for predicted, _, _ in number["predicted"]] == sorted(
        predicted for predicted, _, _ in number["predicted"]
    )


@pytest.mark.parametrize(
    ("outcomes", "labels"),
    [
        (Binary(np.zeros(0, dtype=bool), np.zeros(0)), ["a", "b"]),
        (Binary(np.zeros(3, dtype=bool), np.full(3, 0.5)), ["a", "b"]),
        (Binary(np.array([True, False]), np.array([1.0, 0.0])), ["a", "b"]),
        (Multiclass(np.zeros(1, dtype=np.int64), np.array([[0.0, 1.0, 0.0]])), ["a", "b", "c"]),
        (Regression(np.ones(2), np.ones(2)), []),
        (Regression(np.zeros(0), np.zeros(0)), []),
    ],
    ids=["no rows", "one class, constant", "perfect", "one row", "no error", "no numbers"],
)
def test_edge_cases_are_drawn_without_a_nan(outcomes: Outcomes, labels: list[str]) -> None:
    json.dumps(pictures(outcomes, labels), allow_nan=False)
