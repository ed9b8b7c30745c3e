"""A first model against a constant answer, and many first models without any signal."""

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import accuracy_score, mean_absolute_error, root_mean_squared_error

from perennial.contract.gate import Gate
from perennial.gate.checks.sizes import HIDDEN
from perennial.gate.decision import decide
from tests.training.jobs import Job, people
from training.baseline import CONFIDENCE


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_a_first_model_with_signal_passes(trained: dict[str, Job], problem: str) -> None:
    evaluation = trained[problem].evaluation
    baseline = evaluation["baseline"]
    assert baseline["confidence"] == CONFIDENCE
    assert baseline["candidate"]["value"] == evaluation["candidate"]["metrics"][baseline["metric"]]["value"]
    assert baseline["difference"]["low"] > 0
    assert decide(evaluation, Gate(evaluation["metric"])).promote


@pytest.mark.parametrize(
    ("problem", "target", "metric", "used", "strategy"),
    [
        ("binary", "bought", "recall", "mcc", "prior"),
        ("binary", "bought", "calibration_error", "brier", "prior"),
        ("multiclass", "plan", "accuracy", "accuracy", "prior"),
        ("regression", "spent", "mae", "mae", "median"),
        ("regression", "spent", "rmse", "rmse", "mean"),
        ("regression", "spent", "pinball", "pinball", "quantile"),
    ],
)
def test_the_constant_is_that_of_scikit_learns_dummies(
    job: Job, problem: str, target: str, metric: str, used: str, strategy: str
) -> None:
    job.prepare([people(400)], problem=problem, target=target, gate={"metric": metric, "resamples": 100}).run()
    baseline = job.evaluation["baseline"]
    assert (baseline["metric"], baseline["strategy"]) == (used, strategy)
    rows = people(400)
    train = rows[~rows["id"].isin(job.predictions["key.id"])][target]
    actual = job.predictions["actual"]
    known = {
        "accuracy": lambda: accuracy_score(actual, _dummy(DummyClassifier(strategy="prior"), train, len(actual))),
        "mae": lambda: mean_absolute_error(actual, _dummy(DummyRegressor(strategy="median"), train, len(actual))),
        "rmse": lambda: root_mean_squared_error(actual, _dummy(DummyRegressor(), train, len(actual))),
        "mcc": lambda: 0.0,
    }
    if used in known:
        assert baseline["constant"]["value"] == pytest.approx(known[used](), abs=1e-9)


def _dummy(dummy: DummyClassifier | DummyRegressor, train: pd.Series, rows: int) -> np.ndarray:
    return dummy.fit(np.zeros((len(train), 1)), train).predict(np.zeros((rows, 1)))


def test_with_a_champion_there_is_no_baseline(trained: dict[str, Job], job: Job) -> None:
    job.prepare([people(400)]).challenge(trained["binary"]).run()
    assert job.evaluation["baseline"] is None


def test_a_first_model_without_signal_is_refused(job: Job) -> None:
    rows = people(600)
    rows["bought"] = np.random.default_rng(4).permutation(rows["bought"])
    job.prepare([rows]).run()
    decision = decide(job.evaluation, Gate("roc_auc"))
    assert decision.outcome == "refuse"
    assert "constant answer" in decision.checks[0].sentence


def test_a_better_candidate_is_promoted_although_a_class_is_rare(
    job: Job, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = people(1500)
    rows["plan"] = rows["plan"].replace("gold", "plus")
    held_out = _held_out(rows)
    rows.loc[rows.index[held_out][:6], "plan"] = "rare"
    rows.loc[rows.index[~held_out][:20], "plan"] = "rare"
    weak = rows.assign(plan=np.random.default_rng(1).permutation(rows["plan"]))
    champion = Job(tmp_path_factory.mktemp("weak"))
    champion.prepare([weak], problem="multiclass", target="plan").run()
    job.prepare([rows], problem="multiclass", target="plan").challenge(champion).run()
    assert job.evaluation["common"]["left_out"] == {"rare": 6}
    decision = decide(job.evaluation, Gate("roc_auc"))
    assert decision.promote, decision.sentence
    (rare,) = (check for check in decision.checks if check.name == "rare classes")
    assert "class rare (6 rows, recall " in rare.sentence
    hidden = decide({**job.evaluation, HIDDEN: True}, Gate("roc_auc"))
    assert not any("rare (" in check.sentence for check in hidden.checks)
    assert any("a class (6 rows, recall " in check.sentence for check in hidden.checks)
    undecided = decide({**job.evaluation, HIDDEN: True, "common": None}, Gate("roc_auc"))
    assert not any("class rare" in check.sentence for check in undecided.checks)


def _held_out(rows: pd.DataFrame) -> np.ndarray:
    from perennial import heldout

    return heldout.is_held_out(heldout.row_hashes(rows, ["id"]), 0.25)
