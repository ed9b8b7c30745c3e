"""The default estimator has more iterations where a fold of the training rows asks for it, and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from cloud.job_log import in_words
from perennial.contract.columns import Column
from tests.training.jobs import Job, people, plan_of
from training import iterations
from training.rows import Window
from training.search import Found
from training.split import Split
from training.split import split as divide

ROWS = 1_600
COLUMNS = {"a": Column("number", feature=True), "b": Column("number", feature=True),
           "id": Column("integer"), "y": Column("number", feature=False)}  # fmt: skip
SLOW = {"learning_rate": 0.01}  # 100 iterations stop on the way


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iterations, "FEWEST_ROWS", 500)


def waves(noise: float = 0.1) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    a, b = rng.normal(size=(2, ROWS))
    signal = 0.0 if noise > 1 else 5 * a + 3 * b
    return pd.DataFrame({"a": a, "b": b, "id": pd.array(range(ROWS), dtype="Int64"),
                         "y": signal + rng.normal(0, noise, ROWS)})  # fmt: skip


def found(rows: pd.DataFrame, **changes: Any) -> Found:
    plan = plan_of(COLUMNS, **{"problem": "regression", "target": "y", "parameters": SLOW} | changes)
    split: Split = divide(Window(rows, np.zeros(len(rows), dtype=np.int64), 0), plan)
    return iterations.resolve(plan, split)


def test_more_iterations_are_taken_where_they_have_surely_less_loss() -> None:
    chosen = found(waves())
    assert chosen.plan.parameters == SLOW | {"max_iter": 300}
    assert chosen.told is not None
    assert [trial["weight"] for trial in chosen.told["trials"]] == [0, 0, 0, 0, 0, 0, 1]
    assert chosen.told["trials"][3]["parameters"] == SLOW  # the estimator's own number
    losses = [trial["loss"] for trial in chosen.told["trials"]]
    assert losses == sorted(losses, reverse=True)
    assert chosen.told["gain"]["gain"] > chosen.told["gain"]["error"] > 0


def test_the_trees_of_the_trial_are_told_as_a_trial_on_a_fold(capsys: pytest.CaptureFixture[str]) -> None:
    found(waves())
    words = [text for line in capsys.readouterr().out.splitlines() if (text := in_words(line))]
    assert words
    assert {text.partition(" (")[2] for text in words} == {"trial of 25 to 300 iterations, fold 1 of 3)"}
    assert words[-1] == "tree 300 of 300 (trial of 25 to 300 iterations, fold 1 of 3)"


def test_fewer_are_taken_where_more_learn_noise() -> None:
    chosen = found(waves(noise=5.0), parameters={})
    assert chosen.plan.parameters == {"max_iter": 25}
    assert chosen.told is not None
    losses = [trial["loss"] for trial in chosen.told["trials"]]
    assert losses == sorted(losses)


def test_a_sample_asks_for_no_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iterations, "_MOST_ROWS", 1_000)  # of some 1,280
    chosen = found(waves(noise=5.0), parameters={})
    assert chosen.plan.parameters == {}
    assert chosen.told is not None
    assert [trial["weight"] for trial in chosen.told["trials"]] == [1, 0, 0, 0]
    assert chosen.told["rows"] == 1_000


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": SLOW | {"max_iter": 100}},
        {"parameters": SLOW | {"early_stopping": True}},
        {"update": "amend"},
        {"estimator": "random_forest", "parameters": {}},
    ],
)
def test_nothing_is_tried_where_the_spec_decides(changes: dict[str, Any]) -> None:
    chosen = found(waves(), **changes)
    assert (chosen.told, chosen.encodings) == (None, None)
    assert chosen.plan.parameters == changes.get("parameters", SLOW)


def test_nothing_is_tried_of_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iterations, "FEWEST_ROWS", ROWS)  # more than the training rows
    assert found(waves()).told is None


def test_a_job_of_two_classes_is_fitted_with_the_chosen_number_and_has_it_on_record(job: Job) -> None:
    job.prepare([people(ROWS)], parameters=SLOW).run()
    taken = [trial for trial in job.evaluation["search"]["trials"] if trial["weight"]]
    assert job.evaluation["parameters"] == job.manifest["parameters"] == taken[0]["parameters"]
    assert taken[0]["parameters"]["max_iter"] > iterations.USUAL


def test_nothing_is_tried_of_three_classes(job: Job) -> None:
    rows = people(ROWS)
    rows["plan"] = np.random.default_rng(2).choice(["basic", "plus", "gold"], ROWS)
    job.prepare([rows], problem="multiclass", target="plan", parameters=SLOW).run()
    assert job.evaluation["search"] is None
