"""Amended candidates: grown from the champion by new rows, with a sample of old ones; the better candidate is taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from tests.training.jobs import Job, people, plan_of
from training import contest, updates
from training.amending import Material
from training.artifact import JUDGED
from training.job import read_plan
from training.model import Model
from training.rows import read
from training.split import Split, split
from training.updates import Lesson

OLD, NEW = "ds-people-1f0c93ab27de", "ds-people-2f0c93ab27de"
QUICK = {"resamples": 100, "margin": 0.2}
KINDS = [
    ("hist_gradient_boosting", {"max_iter": 20}),
    ("random_forest", {"n_estimators": 20}),
    ("linear", {}),
]
TARGETS = {"binary": "bought", "multiclass": "plan", "regression": "spent"}
Made = Callable[..., tuple[Job, Job]]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """`made(**changes)` trains a champion on old rows, then a run that updates it with new ones."""

    def make(new: pd.DataFrame | None = None, old: pd.DataFrame | None = None, **changes: Any) -> tuple[Job, Job]:
        then = changes.pop("then", {})
        changes = {"gate": QUICK, "parameters": {"max_iter": 20}} | changes
        before = people(600) if old is None else old
        champion = Job(tmp_path / "champion").prepare_datasets({OLD: before}, **changes)
        champion.run()
        changes |= {"update": "amend", **then}
        rows = people(600, 600, seed=2) if new is None else new
        run = Job(tmp_path / "run").prepare_datasets({OLD: before, NEW: rows}, **changes)
        run.challenge(champion).run()
        return champion, run

    return make


def update_of(job: Job) -> dict[str, Any]:
    return dict(job.evaluation["update"])


@pytest.mark.parametrize("problem", TARGETS)
@pytest.mark.parametrize(("estimator", "parameters"), KINDS)
def test_both_candidates_are_judged_and_the_better_one_is_taken(
    estimator: str, parameters: dict[str, Any], problem: str, made: Made
) -> None:
    changes = {"estimator": estimator, "parameters": parameters, "problem": problem, "target": TARGETS[problem]}
    champion, run = made(**changes)
    update = update_of(run)
    assert set(update["candidates"]) == {"full", "amended"}, update["sentence"]
    taken = update["candidates"][update["taken"]]
    assert run.evaluation["candidate"]["digest"] == taken["digest"] == run.manifest["digest"]
    other = update["candidates"]["full" if update["taken"] == "amended" else "amended"]
    assert other["digest"] != taken["digest"]
    metric = run.evaluation["metric"]
    sign = -1 if metric in ("mae", "rmse", "log_loss") else 1
    if other["outcome"] == taken["outcome"]:
        assert sign * taken["metric"]["value"] >= sign * other["metric"]["value"]
    assert update["grown_from"] == (champion.version if update["taken"] == "amended" else "")
    Model.load(run.paths.model).check_golden()


@pytest.mark.parametrize(("estimator", "parameters"), KINDS)
def test_the_same_input_gives_the_same_amended_model(
    estimator: str, parameters: dict[str, Any], tmp_path: Path, made: Made
) -> None:
    champion, run = made(estimator=estimator, parameters=parameters)
    again = Job(tmp_path / "again")
    changes = {"estimator": estimator, "parameters": parameters, "gate": QUICK, "update": "amend"}
    again.prepare_datasets({OLD: people(600), NEW: people(600, 600, seed=2)}, **changes).challenge(champion).run()
    assert update_of(again) == update_of(run)


def test_boosting_keeps_every_tree_of_the_champion_and_adds_some(made: Made) -> None:
    champion, run = grown(made)
    before, after = pipeline(champion), pipeline(run)
    assert (before[-1].n_iter_, after[-1].n_iter_) == (20, 24)
    rows = people(300, 5000)[list(Model.load(champion.paths.model).features)]
    stages = list(after[-1].staged_predict_proba(after[0].transform(rows)))
    np.testing.assert_array_equal(stages[19], before.predict_proba(rows))
    assert run.manifest["serving"]["path"] == "fast", "the kept trees and bins are served as any others"


def test_boosting_on_other_rows_lowers_their_error_by_the_kept_bins(made: Made) -> None:
    """A warm start that made bins and categories anew would compute the champion's errors wrongly."""
    champion, run = grown(made, new=shifted(people(600, 600, seed=2)))
    new = shifted(people(400, 9000, seed=5))
    truth = new["bought"].to_numpy(dtype=bool)

    def loss(job: Job) -> float:
        chance = np.clip(Model.load(job.paths.model).predict(new).values, 1e-9, 1 - 1e-9)
        return float(-np.where(truth, np.log(chance), np.log(1 - chance)).mean())

    assert loss(run) < 0.8 * loss(champion)


def test_a_linear_regression_with_all_old_rows_is_the_fit_over_all_rows() -> None:
    rng = np.random.default_rng(0)
    inputs, noise = rng.normal(size=(400, 3)), rng.normal(size=400)
    target = inputs @ [1.0, -2.0, 0.5] + 3 + noise
    model = Ridge(alpha=2.0).fit(inputs[:300], target[:300])
    plan = plan_of(problem="regression", target="spent", estimator="linear", parameters={"alpha": 2.0})
    lesson = Lesson(pd.DataFrame(inputs), target, np.arange(400) >= 300, known=300)
    updates._shift(plan, model, inputs, lesson)
    whole = Ridge(alpha=2.0).fit(inputs, target)
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-8)
    np.testing.assert_allclose(model.intercept_, whole.intercept_, rtol=1e-8)


def test_the_classes_of_a_champion_stay_where_new_rows_lack_one(made: Made) -> None:
    new = people(600, 600, seed=2)
    new = new[new["plan"] != "gold"].reset_index(drop=True)
    _, run = made(new=new, problem="multiclass", target="plan", parameters={"max_iter": 5})
    assert set(update_of(run)["candidates"]) == {"full", "amended"}, update_of(run)["sentence"]


def test_a_category_that_the_champion_does_not_know_is_counted_and_becomes_known_to_the_contract(made: Made) -> None:
    new = people(600, 600, seed=2)
    new.loc[new.index[:120], "city"] = "Oslo"
    _, run = grown(made, new=new)
    assert 0.1 < update_of(run)["unseen"]["city"] < 0.3
    (city,) = [feature for feature in run.manifest["features"] if feature["name"] == "city"]
    assert {"Oslo", "Bern"} <= set(city["categories"])
    assert "Oslo" not in pipeline(run)[0].encoders_[2][1].categories


@pytest.mark.parametrize(
    ("then", "reason"),
    [
        ({"parameters": {"max_iter": 21}}, "parameters differ from the champion's"),
        ({"estimator": "random_forest", "parameters": {}}, "estimator and parameters differ"),
        ({"amend": {"generations": 1}, "grown": 1}, "has grown 1 times"),
    ],
)
def test_a_champion_of_another_kind_is_not_amended(then: dict[str, Any], reason: str, made: Made) -> None:
    grown_before = then.pop("grown", 0)
    changes = {"then": with_parts(then)}
    if grown_before:
        _, run = grown(made)
        again = Job(run.base.parent / "again")
        third = "ds-people-3f0c93ab27de"
        parts = {OLD: people(600), NEW: people(600, 600, seed=2), third: people(600, 1200, seed=3)}
        again.prepare_datasets(parts, gate=QUICK, parameters={"max_iter": 20}, update="amend", **with_parts(then))
        again.challenge(run).run()
        run = again
    else:
        _, run = made(**changes)
    update = update_of(run)
    assert update["taken"] == "full"
    assert reason in update["sentence"]


def test_few_new_rows_are_no_lesson(made: Made) -> None:
    _, run = made(new=people(40, 600))
    assert "are new to the champion; 50 are needed" in update_of(run)["sentence"]


def test_without_amend_nothing_is_said_of_an_update(made: Made) -> None:
    _, run = made(then={"update": "full"})
    assert "update" not in run.evaluation


def test_the_sample_of_old_rows_is_bounded_deterministic_and_another_one_for_another_champion(made: Made) -> None:
    champion, _ = made()
    model = Model.load(champion.paths.model)
    plan = plan_of(datasets=(OLD, NEW), newest=NEW, amend=updates_of({"replay": 0.25}))
    rows = a_split(400, 200)
    numbers = np.arange(600) % 2
    first, again = (Material.of(plan, rows, model, numbers, [False, True]) for _ in range(2))
    assert (first.new.sum(), first.replayed.sum()) == (200, 50)
    assert not (first.new & first.replayed).any()
    np.testing.assert_array_equal(first.replayed, again.replayed)
    other = Model(model.folder, {**model.manifest, "digest": "f" * 64}, model.pipeline, model.features)
    assert (Material.of(plan, rows, other, numbers, [False, True]).replayed != first.replayed).any()


OWN = """
from sklearn.linear_model import SGDClassifier

def build(columns, parameters, seed):
    return SGDClassifier(loss="log_loss", random_state=seed, **parameters)
"""
AMEND = """
def amend(model, rows, target):
    return model.partial_fit(rows, target)
"""


@pytest.mark.parametrize("amends", [True, False])
def test_an_own_estimator_is_amended_by_the_function_beside_it(
    amends: bool, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"own_{amends}".lower()
    (tmp_path / f"{name}.py").write_text(OWN + (AMEND if amends else ""))
    monkeypatch.syspath_prepend(tmp_path)
    _, run = made(estimator=f"{name}:build", parameters={})
    update = update_of(run)
    if amends:
        assert set(update["candidates"]) == {"full", "amended"}, update["sentence"]
    else:
        assert f"models/{name}.py has no function amend(model, rows, target)" in update["sentence"]


def grown(made: Made, **changes: Any) -> tuple[Job, Job]:
    """A run whose amended candidate is taken; on these rows it is the better one."""
    champion, run = made(**changes)
    update = update_of(run)
    if update["taken"] != "amended":
        pytest.fail(f"the amended candidate was not taken: {update['sentence']}")
    return champion, run


def shifted(rows: pd.DataFrame) -> pd.DataFrame:
    """The target depends on age the other way round."""
    rows = rows.copy()
    age = rows["age in years"].astype("float").fillna(50)
    rows["bought"] = (age < 50).astype("boolean")
    return rows


def with_parts(changes: dict[str, Any]) -> dict[str, Any]:
    return changes | ({"amend": updates_of(changes["amend"])} if "amend" in changes else {})


def updates_of(settings: dict[str, Any]) -> Any:
    from perennial.contract.lifecycle import Amendment

    return Amendment.from_json(settings)


def pipeline(job: Job) -> Any:
    return joblib.load(job.paths.model / "model.joblib")


def a_split(old: int, new: int) -> Split:
    made = Split.__new__(Split)
    made.train_hashes = np.random.default_rng(3).integers(0, 2**63, old + new).astype(np.uint64)
    made.train_places = np.repeat([0, 1], [old, new])
    return made


def test_the_job_writes_one_model_and_its_own_evaluation(made: Made) -> None:
    _, run = made()
    names = {path.name for path in run.paths.output.iterdir()}
    assert names == {"evaluation.json", "predictions.parquet"}
    json.dumps(run.evaluation, allow_nan=False)


def test_no_full_training_sees_the_memory_that_is_judged(tmp_path: Path) -> None:
    parts = {OLD: people(300), NEW: people(300, 300, seed=2)}
    job = Job(tmp_path / "ml").prepare_datasets(parts, update="amend", memory=1)
    plan = read_plan(job.paths.plan / "plan.json")
    whole = split(read(job.paths.data, plan), plan)
    window = contest.without_memory(plan, whole)
    assert set(window.train["id"]) == {number for number in whole.train["id"] if number >= 300}
    assert len(window.train) == len(window.train_hashes) == len(window.train_places) < len(whole.train)
    assert (window.held_out["id"] < 300).any(), "rows of the memory are held out and judged"


def test_a_full_candidate_that_has_forgotten_the_memory_is_not_taken(made: Made) -> None:
    """The old rows depend on age the other way round, and tell so by their city."""
    old = shifted(people(900)).assign(city="Oslo")
    gate = QUICK | {"margin": 0.05, "forgetting": 0.05}
    _, run = made(old=old, gate=gate, then={"memory": 1, "amend": updates_of({"replay": 1.0})})
    update = update_of(run)
    assert update["taken"] == "amended"
    assert "the full one forgets more than gate.forgetting allows" in update["sentence"]


def test_with_refit_the_amended_model_grows_from_the_judged_one_which_has_not_seen_held_out_rows(made: Made) -> None:
    champion, run = grown(made, refit=True)
    judged, served = joblib.load(champion.paths.model / JUDGED / "model.joblib"), pipeline(champion)
    rows = people(300, 5000)[list(Model.load(champion.paths.model).features)]
    after = pipeline(run)
    twentieth = list(after[-1].staged_predict_proba(after[0].transform(rows)))[19]
    np.testing.assert_array_equal(twentieth, judged.predict_proba(rows))
    assert (judged.predict_proba(rows) != served.predict_proba(rows)).any()
    assert not (run.paths.model / JUDGED).exists(), "an amended model is judged and served as it is"
    assert "refitted" not in run.evaluation["rows"]


def test_new_rows_that_nearly_equal_a_held_out_row_are_no_lesson(made: Made) -> None:
    old = people(600)
    again = old[old["income"].notna()].head(200)
    new = pd.concat([again.assign(income=again["income"] + 1.0), people(600, 600, seed=2)], ignore_index=True)
    _, run = made(old=old, new=new, key=())
    plan = read_plan(run.paths.plan / "plan.json")
    whole = split(read(run.paths.data, plan), plan)
    near = whole.near.train & (whole.all_places == 1)
    assert near.sum() >= 20
    learned = (whole.all_places == 1) & ~whole.held_out_mask & ~whole.near.train
    assert update_of(run)["new"] == learned.sum() == (whole.train_places == 1).sum()
