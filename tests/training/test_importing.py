"""A model that was trained elsewhere is judged and served as a fitted one; a hostile or unfit one is refused."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from perennial.contract.lifecycle import IMPORTED
from perennial.contract.plan import ImportedFile, Input
from tests.training.jobs import Job, people
from training.importing import _check
from training.job import TrainingError
from training.serve import App

INPUTS = (Input("income", "double"), Input("city", "string"), Input("age in years", "double"))


def elsewhere(rows: int = 800) -> pd.DataFrame:
    """Other people, as pandas reads them from a CSV file: another team's table."""
    text = people(rows, start=90_000).to_csv(index=False)
    return pd.read_csv(io.StringIO(text))


def pipeline(estimator: Any) -> Any:
    """A pipeline as one writes it."""
    return make_pipeline(
        make_column_transformer(
            (make_pipeline(SimpleImputer(), StandardScaler()), ["income", "age in years"]),
            (OneHotEncoder(handle_unknown="ignore"), ["city"]),
            sparse_threshold=0,
        ),
        estimator,
    )


def classifier(target: str = "bought", estimator: Any = None) -> Any:
    """A fitted classifier of another team."""
    rows = elsewhere()
    return pipeline(LogisticRegression() if estimator is None else estimator).fit(rows, rows[target])


def job(folder: Path, model: Any, content: bytes | None = None, **changes: Any) -> Job:
    """A job that judges the model in place of a fit."""
    content = skops.io.dumps(model) if content is None else content
    facts = ImportedFile("imported.skops", hashlib.sha256(content).hexdigest(), "models:/people/1 of here", INPUTS)
    made = Job(folder).prepare([people(500)], imported=facts, estimator=IMPORTED, parameters={}, **changes)
    (made.paths.plan / "imported.skops").write_bytes(content)
    return made


def test_it_is_judged_on_the_held_out_rows_and_answers_as_where_it_was_trained(tmp_path):
    model = classifier()
    done = job(tmp_path, model)
    done.run()
    found = done.predictions
    told = done.evaluation
    expected = model.predict_proba(pd.read_csv(io.StringIO(people(500).to_csv(index=False))))[:, 1]
    assert set(found["candidate.probability"].round(9)) <= set(np.round(expected, 9))
    assert told["candidate"]["metrics"]["roc_auc"]["value"] == pytest.approx(
        roc_auc_score(found["actual"].astype(bool), found["candidate.probability"])
    )
    assert told["imported"]["source"] == "models:/people/1 of here"
    assert told["estimator"] == IMPORTED
    assert done.manifest["serving"]["path"] == "general"


def test_its_archive_is_served_without_the_file_that_it_came_from(tmp_path):
    done = job(tmp_path, classifier(estimator=RandomForestClassifier(10, random_state=0)))
    done.run()
    app = App(done.paths.model)
    assert app.model is not None, app.fault
    assert app.model.check_golden() > 30


@pytest.mark.parametrize("target", ["plan", "spent"])
def test_other_problems_are_judged_too(tmp_path, target):
    rows = elsewhere()
    problem = {"plan": "multiclass", "spent": "regression"}[target]
    estimator = LogisticRegression() if target == "plan" else HistGradientBoostingRegressor(max_iter=20)
    changes = {"interval": 0.9} if target == "spent" else {}
    done = job(tmp_path, pipeline(estimator).fit(rows, rows[target]), problem=problem, target=target, **changes)
    done.run()
    metric = "log_loss" if target == "plan" else "r2"
    assert done.evaluation["candidate"]["metrics"][metric]["value"] is not None
    assert (done.manifest["interval"] is None) == (target == "plan")


def test_it_is_compared_with_the_champion_and_becomes_one(tmp_path):
    first = Job(tmp_path / "first").prepare([people(500)])
    first.run()
    second = job(tmp_path / "second", classifier()).challenge(first)
    second.run()
    assert second.evaluation["difference"]["roc_auc"]["value"] is not None
    third = Job(tmp_path / "third").prepare([people(500)], update="amend").challenge(second)
    third.run()
    assert third.evaluation["champion"]["metrics"]["roc_auc"]["value"] == pytest.approx(
        second.evaluation["candidate"]["metrics"]["roc_auc"]["value"]
    )
    assert "no amended candidate" in third.evaluation["update"]["sentence"]


def refused(made: Job) -> str:
    with pytest.raises(TrainingError) as caught:
        made.run()
    assert not made.paths.model.exists()
    return str(caught.value)


def test_a_file_that_was_changed_is_not_read(tmp_path):
    made = job(tmp_path, classifier())
    file = made.paths.plan / "imported.skops"
    file.write_bytes(file.read_bytes() + b"x")
    assert "SHA-256" in refused(made)


def test_types_beyond_the_list_are_refused_before_any_object_is_made(tmp_path):
    content = skops.io.dumps(pipeline(LogisticRegression()))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        schema = json.loads(archive.read("schema.json"))
    changed = (
        json.dumps(schema)
        .replace("sklearn.linear_model._logistic", "subprocess")
        .replace("LogisticRegression", "Popen")
    )
    hostile = io.BytesIO()
    with zipfile.ZipFile(hostile, "w") as archive:
        archive.writestr("schema.json", changed)
    sentence = refused(job(tmp_path, None, hostile.getvalue()))
    assert "objects that are not read: subprocess.Popen" in sentence


@pytest.mark.parametrize("content", [b"", b"no zip", pytest.param(None, id="pickle")])
def test_a_file_that_is_none_of_skops_is_refused(tmp_path, content):
    import pickle

    content = pickle.dumps(LogisticRegression()) if content is None else content
    assert "could not be read" in refused(job(tmp_path, None, content))


def test_a_tree_whose_nodes_lead_out_of_it_is_refused(tmp_path):
    model = HistGradientBoostingRegressor(max_iter=2).fit(np.arange(200.0)[:, None], np.arange(200.0))
    tree = model._predictors[1][0]
    _check(tree)
    tree.nodes["left"][0] = 100_000
    rows = elsewhere()
    whole = pipeline(HistGradientBoostingRegressor(max_iter=2)).fit(rows, rows["spent"])
    whole[-1]._predictors = model._predictors
    assert "lead out of it" in refused(job(tmp_path, whole, problem="regression", target="spent"))


def test_classes_that_are_not_those_of_the_rows_are_refused(tmp_path):
    assert "not the 2 of the rows" in refused(job(tmp_path, classifier("plan")))


def test_a_model_that_cannot_answer_the_rows_is_refused(tmp_path):
    rows = elsewhere().dropna(subset=["income"])
    blind = LogisticRegression().fit(rows[["income"]].to_numpy(), rows["bought"])
    assert "could not answer the first" in refused(job(tmp_path, blind))


def test_a_regression_that_answers_classes_is_refused(tmp_path):
    rows = elsewhere()
    model = pipeline(HistGradientBoostingRegressor(max_iter=2)).fit(rows, rows["spent"])
    assert "lacks predict_proba" in refused(job(tmp_path, model))
