"""An ensemble is a model as any other: judged, explained, amended by a full training, served on the fast path."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

from perennial.contract.columns import Column
from perennial.contract.plan import Plan
from tests.training.jobs import PEOPLE, Job, people
from training import encodings
from training.encodings import Encodings
from training.ensemble import EnsembleRegressor, LogTarget, Member
from training.model import Model
from training.served import Served
from training.updates import Lesson, NotAmendableError, update

PRICES = {"size": Column("number", nullable=True, feature=True), "town": Column("category", feature=True),
          "id": Column("integer"), "price": Column("number", feature=False)}  # fmt: skip


def member(weight: int, estimator: str, logarithm: bool = False, **parameters: Any) -> dict[str, Any]:
    return {"weight": weight, "estimator": estimator, "parameters": parameters, "logarithm": logarithm}


MIXED = {"members": [
    member(3, "hist_gradient_boosting", max_iter=10),
    member(2, "random_forest", n_estimators=5, max_depth=4),
    member(1, "linear"),
]}  # fmt: skip
LOGARITHMS = {"members": [
    member(2, "hist_gradient_boosting", logarithm=True, max_iter=10),
    member(1, "linear", logarithm=True),
    member(1, "hist_gradient_boosting", max_iter=10, loss="poisson"),
]}  # fmt: skip


def prices(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    size, town = rng.uniform(20, 200, rows), rng.choice(["a", "b", "c"], rows)
    price = np.exp(8 + size / 60 + (town == "a") + rng.normal(0, 0.1, rows))
    size = np.where(rng.random(rows) < 0.05, np.nan, size)
    return pd.DataFrame({"size": size, "town": town, "id": pd.array(range(rows), dtype="Int64"), "price": price})


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Job:
    job = Job(tmp_path_factory.mktemp("prices"))
    job.prepare([prices(400)], PRICES, problem="regression", target="price", estimator="ensemble",
                parameters=LOGARITHMS, interval=0.8).run()  # fmt: skip
    return job


def test_logarithms_answer_on_the_fast_path_with_intervals_and_contributions(priced: Job) -> None:
    serving = priced.manifest["serving"]
    assert (serving["path"], serving["engine"]) == ("fast", "ensemble")
    assert serving["difference"] <= 1e-9
    golden = json.loads((priced.paths.model / "golden.json").read_text())
    assert golden["predictions"][0].keys() == {"value", "low", "high"}
    fast = Served(priced.paths.model).fast
    assert fast is not None
    columns = {name: [row[name] for row in golden["rows"]] for name in ("size", "town")}
    for row, answer in enumerate(golden["predictions"][:20]):
        base, added = fast.explain(columns, row, 0)
        assert base + sum(added.values()) == pytest.approx(answer["value"], rel=1e-9)
    assert priced.evaluation["candidate"]["metrics"]["r2"]["value"] > 0.8


def test_extreme_numbers_have_finite_answers(priced: Job) -> None:
    model, fast = Model.load(priced.paths.model), Served(priced.paths.model).fast
    assert fast is not None
    columns = {"size": [1e300, -1e300, None], "town": ["a", "zz", "b"]}
    found = fast.values(columns, 3)
    rows = pd.DataFrame({"size": [1e300, -1e300, np.nan], "town": ["a", "zz", "b"]})
    assert np.isfinite(found).all()
    assert found == pytest.approx(model.values(rows), rel=1e-9)


def test_an_ensemble_of_classes_is_judged_and_repeated(tmp_path: Path) -> None:
    gate = {"threshold": {"aim": "f_beta", "folds": 2}}
    jobs = [
        Job(tmp_path / name).prepare([people(300)], estimator="ensemble", parameters=MIXED, gate=dict(gate))
        for name in ("1", "2")
    ]
    assert jobs[0].run() == jobs[1].run()
    found = jobs[0].evaluation
    assert jobs[0].manifest["serving"]["path"] == "fast"
    assert (found["estimator"], found["parameters"]) == ("ensemble", MIXED)
    assert found["importance"]["city"] > 0
    assert found["candidate"]["threshold"] != 0.5


def test_words_of_a_text_reach_members_of_both_encodings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = PEOPLE | {"remark": replace(PEOPLE["remark"], feature=True)}
    monkeypatch.setattr(encodings, "choose", lambda *_, **__: Encodings({"remark": "words+ngrams"}))
    members = [member(1, "hist_gradient_boosting", max_iter=10), member(1, "linear")]
    job = Job(tmp_path).prepare([people(300)], columns, estimator="ensemble", parameters={"members": members})
    job.run()
    assert job.manifest["encodings"]["chosen"] == {"remark": "words+ngrams"}
    assert job.manifest["serving"]["path"] == "fast"
    assert job.evaluation["importance"]["remark"] > 0


def test_an_ensemble_is_trained_in_full(priced: Job) -> None:
    model = Model.load(priced.paths.model)
    plan = Plan.read(json.loads((priced.paths.plan / "plan.json").read_text()))
    rows = prices(60)
    lesson = Lesson(rows, rows["price"].to_numpy(), np.ones(60, dtype=bool), 300)
    with pytest.raises(NotAmendableError, match="ensemble is trained in full"):
        update(plan, model.pipeline, lesson, Path())


def test_each_member_reads_its_own_numbers() -> None:
    numbers = np.random.default_rng(1).normal(size=(200, 3))
    target = numbers @ [1.0, 2.0, 0.0]
    members = [Member(3, Ridge(1e-9), 0, 2), Member(1, HistGradientBoostingRegressor(max_iter=3), 2, None)]
    found = EnsembleRegressor(members).fit(numbers, target)
    first, second = members[0].estimator.predict(numbers[:, :2]), members[1].estimator.predict(numbers[:, 2:])
    assert found.predict(numbers) == pytest.approx((3 * first + second) / 4)


def test_answers_of_a_logarithm_have_the_sum_of_the_targets_and_stay_in_their_range() -> None:
    numbers = np.random.default_rng(1).normal(size=(300, 1))
    target = np.exp(numbers[:, 0] + np.random.default_rng(2).normal(0, 0.5, 300))
    model = LogTarget(Ridge(1e-9)).fit(numbers, target)
    assert model.predict(numbers).sum() == pytest.approx(target.sum())
    assert model.factor_ > 1.05  # exp of the mean logarithm is less than the mean
    assert model.predict(np.array([[1e9]])) == pytest.approx(model.factor_ * target.max())
    with pytest.raises(ValueError, match="positive"):
        LogTarget(Ridge()).fit(numbers, target - 1.0)
