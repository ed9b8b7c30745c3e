"""Every answer that the server writes is read back by monitoring, in each form and for each problem."""

from typing import Any

import numpy as np
import pytest

from perennial.contract.answers import FORMS, Answer, read_answers
from perennial.contract.columns import ColumnType
from perennial.contract.reveal import REVEALS, rounded
from training.payloads.answers import WRITERS
from training.predictions import Predictions

ODD = ('a "b", c', "é\n")
MULTI = np.array([[0.123, 0.377, 0.5], [0.7, 0.2, 0.1]])
CASES: list[tuple[Predictions, ColumnType, list[Any]]] = [
    (Predictions("binary", (False, True), np.array([0.1234, 0.9]), [False, True]), "boolean", [False, True]),
    (
        Predictions("binary", (False, True), np.array([0.1234, 0.9]), [False, True], words=("no", "yes")),
        "boolean",
        [False, True],
    ),
    (Predictions("binary", (3, 7), np.array([1e-7, 1.0]), [3, 7]), "integer", [3, 7]),
    (Predictions("binary", ODD, np.array([0.5, 0.6]), list(ODD)), "category", list(ODD)),
    (Predictions("regression", (), np.array([-1.5e300, 0.12345]), None), "number", [-1.5e300, 0.12345]),
    (Predictions("multiclass", ("base", "x,y", "z"), MULTI, ["z", "base"]), "category", ["z", "base"]),
    (Predictions("multiclass", (1, 2, 3), MULTI, [3, 1]), "integer", [3, 1]),
]  # fmt: skip


@pytest.mark.parametrize("reveal", REVEALS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0].problem} of {case[1]}")
def test_what_the_server_writes_is_read_back(case: Any, form: str, reveal: Any) -> None:
    made, target, labels = case
    shown = made.revealed(reveal)
    found = read_answers(WRITERS[form](shown).encode(), f"{form}; charset=utf-8", made.problem, target)
    if made.problem == "regression":
        numbers = labels if reveal == "all" else [rounded(number, is_probability=False) for number in labels]
        assert found == [Answer(number, number) for number in numbers]
        return
    assert [each.label for each in found] == labels
    best = [0.5, 0.7] if made.problem == "multiclass" else made.values.tolist()
    scores = best if reveal == "all" else [rounded(score, is_probability=True) for score in best]
    assert [each.score for each in found] == ([None] * 2 if reveal == "labels" else scores)


@pytest.mark.parametrize("form", FORMS)
def test_explanations_beside_the_answers_are_left_out(form: str) -> None:
    for made, target, labels in CASES:
        explained = made.explained([{"base": 0.5, "contributions": {"x": 0.1, "y": -0.1}}] * 2)
        found = read_answers(WRITERS[form](explained).encode(), form, made.problem, target)
        assert [each.label for each in found] == labels
        assert len(found[0].scores) == (3 if made.problem == "multiclass" else 0)
