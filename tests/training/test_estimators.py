"""Every estimator works on any tidy data, the user's own included."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.contract.columns import Column
from tests.training.jobs import PEOPLE, Job, people, plan_of
from training import estimators, fitting, labels
from training.columns import frame, plain, series
from training.features import MOST_CODES, Features, code_places
from training.job import TrainingError

#: parameters that make a fit quick, by estimator
FEW: dict[str, dict[str, int]] = {
    "hist_gradient_boosting": {"max_iter": 10},
    "random_forest": {"n_estimators": 10},
    "extra_trees": {"n_estimators": 10},
    "linear": {},
    "elastic_net": {},
}
FEATURES = {name: column for name, column in PEOPLE.items() if column.feature} | {
    "remark": Column("text", nullable=True, feature=True)
}


@pytest.mark.parametrize("estimator", FEW)
@pytest.mark.parametrize(("problem", "target"), [("binary", "bought"), ("multiclass", "plan"), ("regression", "spent")])
def test_every_estimator_learns_every_problem(estimator: str, problem: str, target: str, tmp_path: Path) -> None:
    few = FEW[estimator]
    columns = {name: replace(column, feature=column.feature or name == "remark") for name, column in PEOPLE.items()}
    job = Job(tmp_path).prepare(
        [people(500)], columns, problem=problem, target=target, estimator=estimator, parameters=few
    )
    job.run()
    metrics = job.evaluation["candidate"]["metrics"]
    assert metrics["roc_auc" if problem != "regression" else "r2"]["value"] > (0.6 if problem != "regression" else 0.3)
    assert all(np.isfinite(metric["value"]) for metric in metrics.values())


def test_the_same_job_gives_the_same_bytes_whatever_the_machine_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = set()
    for turn, threads in enumerate(("1", "4")):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        for estimator, few in (("hist_gradient_boosting", {"max_iter": 15}), ("random_forest", {"n_estimators": 5})):
            job = Job(tmp_path / f"{turn}{estimator}").prepare([people(300)], estimator=estimator, parameters=few)
            digests.add((estimator, job.run()))
    assert len(digests) == 2


USERS = """
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from training.features import Features

class Own(GaussianNB):
    pass

def build(columns, parameters, seed):
    return Own(**parameters)

def whole(columns, parameters, seed):
    assert seed == 7
    return make_pipeline(Features(columns), Own())

def wrong(columns, parameters, seed):
    raise KeyError("colour")

def unfit(columns, parameters, seed):
    return 3
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with our code and a user's models/, as the source archive is laid out."""
    root = tmp_path / "code"
    (root / "models").mkdir(parents=True)
    for room in ("training", "perennial"):
        (root / room).symlink_to(fitting.CODE / room)
    (root / "models" / "naive_people.py").write_text(USERS)
    monkeypatch.setattr(fitting, "CODE", root)
    monkeypatch.setattr("sys.path", [str(root), *__import__("sys").path])
    monkeypatch.delitem(__import__("sys").modules, "models", raising=False)
    monkeypatch.delitem(__import__("sys").modules, "models.naive_people", raising=False)
    return root


@pytest.mark.parametrize("name", ["naive_people:build", "models.naive_people:whole"])
def test_an_estimator_of_the_users_travels_with_the_model(checkout: Path, job: Job, name: str) -> None:
    parameters = {"var_smoothing": 1e-6} if name.endswith("build") else {}
    job.prepare([people(300)], estimator=name, parameters=parameters).run()
    assert (job.paths.model / "code/models/naive_people.py").is_file()
    assert job.evaluation["candidate"]["metrics"]["roc_auc"]["value"] > 0.6


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("naive_people:wrong", "KeyError: 'colour'"),
        ("naive_people:absent", "AttributeError"),
        ("naive_people:unfit", "gave int, which lacks fit or predict_proba"),
        ("naive people:build", "names no estimator"),
    ],
)
def test_a_fault_of_the_users_estimator_is_told(checkout: Path, job: Job, name: str, told: str) -> None:
    with pytest.raises(TrainingError, match=told):
        job.prepare([people(300)], estimator=name, parameters={}).run()


def test_categories_beyond_the_cap_share_a_place_and_unseen_ones_join_it() -> None:
    columns = {"street": Column("category", nullable=True)}
    seen = [f"s{number:04}" for number in range(MOST_CODES + 50)]
    features = Features(columns).set_params(encoding="ordinal").fit(frame(columns, {"street": [*seen, *seen[:100]]}))
    codes = features.transform(frame(columns, {"street": [seen[0], seen[-1], "never seen", None]}))[:, 0]
    assert codes[:3].tolist() == [0, MOST_CODES, MOST_CODES]
    assert np.isnan(codes[3])
    assert features.encoders_[0][1].categories[:100] == seen[:100]


def test_code_places_are_known_before_anything_is_learnt() -> None:
    names = Features(FEATURES, "ordinal").fit(people(100)).get_feature_names_out()
    assert [names[place] for place in code_places(FEATURES)] == ["city", "street", "no city"]
    assert "joined.dayofweek" in names
    assert "seen.hour" in names


@pytest.mark.parametrize("encoding", ["ordinal", "dense"])
def test_a_date_or_a_null_never_seen_in_training_is_no_error(encoding: Any) -> None:
    features = Features(FEATURES, encoding).fit(people(200).dropna(subset=["age in years", "city", "member"]))
    nothing = frame(FEATURES, {name: [None] for name in FEATURES})
    matrix = features.transform(nothing)
    assert matrix.shape == (1, len(features.get_feature_names_out()))
    if encoding == "dense":
        assert np.isfinite(matrix).all()


NO_NUL = st.characters(codec="utf-8", exclude_characters="\0")  # no text of a contract has it
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "text": st.text(NO_NUL, max_size=8),
    "category": st.text(NO_NUL, max_size=3),
    "date": st.dates(),
    "datetime": st.datetimes(),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, Column], dict[str, list[Any]]]:
    kinds = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4))
    columns = {f"column {place}": Column(kind, nullable=True, feature=True) for place, kind in enumerate(kinds)}
    size = draw(st.integers(20, 40))
    nullable = st.sampled_from(["all", "some", "none"])
    content = {}
    for name, column in columns.items():
        value, nulls = VALUES[column.type], draw(nullable)
        some = st.none() if nulls == "all" else st.one_of(st.none(), value) if nulls == "some" else value
        content[name] = draw(st.lists(some, min_size=size, max_size=size))
    return columns, content


@settings(max_examples=20, deadline=None)
@given(tables(), st.sampled_from(list(FEW)), st.booleans())
def test_no_tidy_table_breaks_an_estimator(
    table: tuple[dict[str, Column], dict[str, list[Any]]], estimator: str, regression: bool
) -> None:
    columns, content = table
    rows = frame(columns, content)
    few = dict.fromkeys(FEW[estimator], 3)
    declared = columns | {"target": Column("integer", feature=False)}
    changes = {"target": "target", "key": (), "estimator": estimator, "parameters": few}
    job = plan_of(declared, **changes, problem="regression" if regression else "binary")
    pipeline = estimators.build(job, 2, fitting.CODE)
    answers = np.arange(len(rows)) % 2
    pipeline.fit(rows, answers)
    predicted = pipeline.predict(rows) if regression else pipeline.predict_proba(rows)
    assert np.isfinite(predicted).all()


@settings(max_examples=40, deadline=None)
@given(tables())
def test_typed_rows_survive_json(table: tuple[dict[str, Column], dict[str, list[Any]]]) -> None:
    from perennial.contract.values import read

    columns, content = table
    rows = frame(columns, content)
    for name, column in columns.items():
        texts = json.loads(json.dumps(plain(column, rows[name])))
        again = series(column, [read(text, column, ()) for text in texts])
        pd.testing.assert_series_equal(again, rows[name], check_names=False)


def test_classes_unknown_to_a_model_are_numbered_minus_one() -> None:
    assert labels.numbers(pd.Series(["a", "c", "b"], dtype=object), ["a", "b"]).tolist() == [0, -1, 1]


def test_every_estimator_by_name_is_tested() -> None:
    of_regressions = {"quantile"}  # tests/training/test_intervals.py
    assert set(FEW) == set(estimators._NAMED) - of_regressions
