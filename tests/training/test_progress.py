"""The progress of a training, as its log has it."""

from __future__ import annotations

import json
import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.linear_model import Ridge

from cloud.job_log import in_words
from training import progress

ROWS = np.arange(600.0).reshape(200, 3)
TARGET = (ROWS[:, 0] > 300).astype(int)


def reports(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    "estimator", [HistGradientBoostingClassifier(max_iter=5, random_state=1), RandomForestRegressor(5, random_state=1)]
)
def test_each_tree_counts_and_the_model_is_the_same(
    estimator: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "_SECONDS", 0.0)
    silent = pickle.dumps(estimator.fit(ROWS, TARGET))
    with progress.trees(estimator):
        estimator.fit(ROWS, TARGET)
    sentence = reports(capsys.readouterr().out)
    assert [event["done"] for event in sentence][:4] == [1, 2, 3, 4]
    assert all((event["event"], event["of"], event["total"]) == ("progress", "tree", 5) for event in sentence)
    assert in_words(json.dumps(sentence[0])) == "tree 1 of 5"
    assert pickle.dumps(estimator) == silent


@pytest.mark.parametrize("estimator", [HistGradientBoostingClassifier(max_iter=2), RandomForestRegressor(2, n_jobs=2)])
def test_the_trees_of_a_trial_have_its_name(estimator: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with progress.trial("trial of the threshold, fold 1 of 5"), progress.trees(estimator):
        estimator.fit(ROWS, TARGET)
    with progress.trees(estimator):
        estimator.fit(ROWS, TARGET)
    words = [in_words(line) for line in capsys.readouterr().out.splitlines()]
    half = len(words) // 2
    assert set(words[:half]) == {f"tree {n} of 2 (trial of the threshold, fold 1 of 5)" for n in (1, 2)}
    assert set(words[half:]) == {"tree 1 of 2", "tree 2 of 2"}


def test_an_estimator_that_prints_nothing_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.trees(Ridge()):
        print("a line of its own")
    assert capsys.readouterr().out == "a line of its own\n"


def test_progress_is_told_at_most_every_two_seconds_and_at_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    folds = progress.Progress("fold", 50)
    for number in range(1, 51):
        folds.done(number)
    sentence = [event["done"] for event in reports(capsys.readouterr().out)]
    assert sentence[0] == 1
    assert sentence[-1] == 50
    assert len(sentence) < 50


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"event": "progress", "of": "trial", "done": 3, "total": 12}', "trial 3 of 12"),
        ('{"event": "read", "train": 21000, "held_out": 5300}', "fits 21,000 rows, and is judged on 5,300 others"),
        ('{"event": "serving", "path": "fast"}', ""),
        ('{"event": "progress", "of": 1}', ""),
        ("  a user's   own line\n", "a user's own line"),
        ("[1, 2]", "[1, 2]"),
        ("x" * 900, "x" * 200),
    ],
)
def test_a_line_of_the_log_becomes_words(line: str, words: str) -> None:
    assert in_words(line) == words
