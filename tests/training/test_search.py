"""`estimator: auto`: the search is deterministic, on record, and takes what the rows ask for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from perennial.contract.columns import Column
from perennial.spec import SpecError, parse
from tests.training.jobs import Job, people, plan_of
from training import fitting, search
from training.estimators import build
from training.folds import Folds
from training.split import Split

DOCS = (Path(__file__).parents[2] / "docs" / "estimators.md").read_text(encoding="utf-8")
LINES = {"a": Column("number", feature=True), "b": Column("number", feature=True), "id": Column("integer"),
         "y": Column("number", feature=False)}  # fmt: skip


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    few = [("hist_gradient_boosting", {"max_iter": 20}), ("extra_trees", {"n_estimators": 10}), ("linear", {})]
    monkeypatch.setattr(search, "TRIALS", tuple(few))


def line(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(2, rows))
    made = {"a": a, "b": b, "id": pd.array(range(rows), dtype="Int64"), "y": 3 * a - 2 * b + rng.normal(0, 0.2, rows)}
    return pd.DataFrame(made)


@pytest.mark.usefixtures("quick")
def test_a_straight_line_is_found_and_every_trial_is_on_record(tmp_path: Path) -> None:
    changes = {"problem": "regression", "target": "y", "estimator": "auto", "parameters": {}}
    job = Job(tmp_path / "1").prepare([line(300)], LINES, **changes)
    digest = job.run()
    found = job.evaluation
    assert (found["estimator"], job.manifest["estimator"], found["parameters"]) == ("linear", "linear", {})
    trials = found["search"]["trials"]
    assert [trial["estimator"] for trial in trials] == ["hist_gradient_boosting", "extra_trees", "linear"]
    assert trials[2]["loss"] == min(trial["loss"] for trial in trials)
    assert trials[2]["gain"] == pytest.approx(trials[0]["loss"] - trials[2]["loss"], rel=1e-4)
    assert Job(tmp_path / "2").prepare([line(300)], LINES, **changes).run() == digest


@pytest.mark.usefixtures("quick")
def test_the_default_stays_where_no_other_is_surely_better(job: Job) -> None:
    rows = people(300)
    rows["bought"] = pd.array(np.random.default_rng(2).random(300) < 0.5, dtype="boolean")
    job.prepare([rows], estimator="auto", parameters={}).run()
    trials = job.evaluation["search"]["trials"]
    taken = next(trial for trial in trials if trial["estimator"] == job.manifest["estimator"])
    assert taken is trials[0] or taken["gain"] > taken["error"]


def test_too_few_rows_are_no_search(job: Job) -> None:
    job.prepare([people(70)], estimator="auto", parameters={}, held_out=0.3).run()
    found = job.evaluation["search"]
    assert (found["trials"], found["reason"][2:]) == ([], " rows, at least 60")
    assert job.manifest["estimator"] == "hist_gradient_boosting"


def test_folds_that_lack_a_class_say_so() -> None:
    made = Split.__new__(Split)
    made.train, made.train_hashes = people(90), np.zeros(90, dtype=np.uint64)
    assert "for folds" in Folds.of(made, np.arange(90) % 2, 2).fault


def test_parameters_beside_auto_are_a_fault_of_the_spec() -> None:
    text = ("name: x\nproblem: binary\ntarget: y\ncard: {origin: o, licence: l}\ncolumns: {y: {type: boolean}, "
            "a: {type: number}}\ntraining: {estimator: auto, parameters: {max_iter: 3}}\n")  # fmt: skip
    with pytest.raises(SpecError, match="'auto' chooses the parameters"):
        parse(text)


def test_the_page_lists_the_trials_and_each_can_be_made() -> None:
    table = DOCS.partition("| estimator | parameters |")[2].partition("\n\n")[0]
    shown = [(name, dict(re.findall(r"`(\w+): ([\d.]+)`", rest))) for name, rest in
             re.findall(r"^\| `(\w+)` \| (.*) \|$", table, re.MULTILINE)]  # fmt: skip
    assert shown == [(name, {key: str(value) for key, value in each.items()}) for name, each in search.TRIALS]
    for problem, classes in (("regression", 1), ("binary", 2)):
        for name, parameters in search.TRIALS:
            changes: dict[str, Any] = {"problem": problem, "target": "spent" if problem == "regression" else "bought"}
            build(plan_of(estimator=name, parameters=parameters, **changes), classes, fitting.CODE)
