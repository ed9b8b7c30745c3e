"""`estimator: auto`: the search is deterministic, on record, and takes what the rows ask for."""

from __future__ import annotations

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
from training.rows import Window
from training.search import Way
from training.split import Split
from training.split import split as divide

DOCS = (Path(__file__).parents[2] / "docs" / "estimators.md").read_text(encoding="utf-8")
LINES = {"a": Column("number", feature=True), "b": Column("number", feature=True), "id": Column("integer"),
         "y": Column("number", feature=False)}  # fmt: skip


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    few = [Way("hist_gradient_boosting", {"max_iter": 20}), Way("extra_trees", {"n_estimators": 10}),
           Way("hist_gradient_boosting", {"max_iter": 50, "max_leaf_nodes": 6}, stages=True), Way("linear", {}),
           Way("linear", {}, logarithm=True, problems=("regression",))]  # fmt: skip
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
    assert [trial["estimator"] for trial in trials] == [way.estimator for way in search.TRIALS[:4]]
    assert trials[3]["loss"] == min(trial["loss"] for trial in trials)
    assert trials[3]["gain"] == pytest.approx(trials[0]["loss"] - trials[3]["loss"], rel=1e-4)
    assert [trial["weight"] for trial in trials] == [0, 0, 0, 1]
    assert (trials[0]["parameters"], trials[2]["parameters"]["max_iter"]) == ({"max_iter": 20}, 50)
    assert Job(tmp_path / "2").prepare([line(300)], LINES, **changes).run() == digest


@pytest.mark.usefixtures("quick")
def test_the_default_stays_where_nothing_is_surely_better() -> None:
    rows = line(200)
    rows["y"] = np.random.default_rng(2).normal(size=200)
    usual = plan_of(LINES, problem="regression", target="y", estimator="auto", parameters={})
    # a constant is all there is to learn, and nothing that learns more is better than trees of one leaf
    ways = (Way("hist_gradient_boosting", {"min_samples_leaf": 200}), *search.TRIALS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "TRIALS", ways)
        found = search.resolve(usual, divide(Window(rows, np.zeros(200, dtype=np.int64), 0), usual))
    assert found.told is not None
    assert (found.plan.estimator, found.plan.parameters) == ("hist_gradient_boosting", {"min_samples_leaf": 200})
    assert found.told["gain"]["gain"] <= found.told["gain"]["error"]
    assert [trial["weight"] for trial in found.told["trials"]] == [1, 0, 0, 0, 0]


@pytest.mark.usefixtures("quick")
def test_several_that_are_better_together_are_an_ensemble_on_record(job: Job) -> None:
    rows = line(400)
    rows["y"] = 2 * rows["a"] + np.sin(3 * rows["b"]) + np.random.default_rng(5).normal(0, 0.5, 400) + 20
    job.prepare([rows], LINES, problem="regression", target="y", estimator="auto", parameters={}).run()
    found = job.evaluation
    members = found["parameters"]["members"]
    assert (found["estimator"], job.manifest["estimator"]) == ("ensemble", "ensemble")
    assert 2 <= len(members) <= 4
    weighted = [trial for trial in found["search"]["trials"] if trial["weight"]]
    assert [trial | {"loss": 0, "gain": 0, "error": 0} for trial in weighted] == [
        each | {"loss": 0, "gain": 0, "error": 0} for each in members
    ]
    assert found["search"]["gain"]["gain"] > found["search"]["gain"]["error"] > 0
    assert job.manifest["parameters"] == found["parameters"]
    assert job.manifest["serving"]["path"] == "fast"


@pytest.mark.usefixtures("quick")
def test_iterations_are_chosen_on_the_folds_and_fewer_of_many_classes(job: Job) -> None:
    rows = people(300)
    rows["plan"] = np.random.default_rng(2).choice(["basic", "plus", "gold"], 300)
    job.prepare([rows], problem="multiclass", target="plan", estimator="auto", parameters={}).run()
    trials = job.evaluation["search"]["trials"]
    assert len(trials) == 4  # without the logarithm
    assert trials[2]["parameters"]["max_iter"] == 25  # noise is learnt best by the fewest


@pytest.mark.usefixtures("quick")
def test_a_trial_that_cannot_be_fitted_is_told_and_has_no_weight(
    job: Job, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(search, "TRIALS", (*search.TRIALS[:2], Way("linear", {"alpha": -1.0})))
    job.prepare([line(300)], LINES, problem="regression", target="y", estimator="auto", parameters={}).run()
    last = job.evaluation["search"]["trials"][-1]
    assert (last["loss"], last["gain"], last["weight"]) == (None, 0.0, 0)
    assert '"event": "not fitted"' in capsys.readouterr().out


@pytest.mark.usefixtures("quick")
def test_a_matrix_too_large_for_a_linear_model_is_not_made(
    job: Job, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(search, "_MOST_DENSE", 300)
    job.prepare([line(300)], LINES, problem="regression", target="y", estimator="auto", parameters={}).run()
    losses = [trial["loss"] is None for trial in job.evaluation["search"]["trials"]]
    assert losses == [False, False, False, True]
    assert "too many numbers" in capsys.readouterr().out


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
    table = DOCS.partition("| estimator | parameters | of |")[2].partition("\n\n")[0].strip().splitlines()[1:]
    assert table == [row(way) for way in search.TRIALS]
    assert ", ".join(map(str, search.STAGES[:-1])) + f" and {search.STAGES[-1]} iterations" in DOCS
    for problem, classes in (("regression", 1), ("binary", 2)):
        for way in search.TRIALS:
            if problem in way.problems:
                changes: dict[str, Any] = {
                    "problem": problem,
                    "target": "spent" if problem == "regression" else "bought",
                }
                build(plan_of(estimator=way.estimator, parameters=way.parameters, **changes), classes, fitting.CODE)


def row(way: Way) -> str:
    """The line of a way in the table of the page."""
    most = "at most " if way.stages else ""
    told = ", ".join(f"`{key}: {most if key == 'max_iter' else ''}{value}`" for key, value in way.parameters.items())
    kinds = "all" if len(way.problems) == 3 else "regressions" if way.problems == ("regression",) else "classes"
    return f"| `{way.estimator}` | {told or '-'} | {kinds}{', the logarithm' if way.logarithm else ''} |"
