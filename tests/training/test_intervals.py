"""Intervals of a regression: they hold what they say, wide where errors are, in every form of an answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.contract.answers import Answer, read_answers
from perennial.contract.columns import Column
from perennial.contract.schema import Rows
from perennial.spec import SpecError, parse
from tests.training.jobs import Job
from training import intervals
from training.job import TrainingError
from training.model import Model
from training.predictions import predicted
from training.served import Served

COLUMNS = {"id": Column("integer", feature=False), "x": Column("number", feature=True),
           "y": Column("number", feature=False)}  # fmt: skip


def growing(rows: int, seed: int = 1) -> pd.DataFrame:
    """The error grows with x, and is rather above than below."""
    rng = np.random.default_rng(seed)
    x = rng.random(rows)
    y = 10 * x + x * rng.exponential(3, rows)
    return pd.DataFrame({"id": pd.array(range(rows), dtype="Int64"), "x": x, "y": y})


@pytest.fixture(scope="module", params=["hist_gradient_boosting", "linear"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Job:
    few = {"max_iter": 20} if request.param == "hist_gradient_boosting" else {}
    changes: dict[str, Any] = {"problem": "regression", "target": "y", "estimator": request.param, "parameters": few}
    job = Job(tmp_path_factory.mktemp("interval"))
    job.prepare([growing(4000)], COLUMNS, interval=0.9, **changes).run()
    return job


def test_new_rows_are_in_their_intervals_as_often_as_said_and_wide_ones_are_where_errors_are(made: Job) -> None:
    rows, served = growing(4000, seed=2), Served(made.paths.model)
    assert served.path == "fast"
    found = served.predict(Rows({"x": rows["x"].tolist()}, len(rows)))
    assert found.ends is not None
    low, high = found.ends.T
    inside = (low <= rows["y"]) & (rows["y"] <= high)
    assert 0.88 <= inside.mean() <= 0.92
    for part in (rows["x"] < 0.3, rows["x"] > 0.7):
        assert 0.84 <= inside[part].mean() <= 0.96
    width = high - low
    assert width[rows["x"] > 0.8].mean() > 2 * width[rows["x"] < 0.2].mean()
    assert made.evaluation["interval"] == made.manifest["interval"]
    assert served.check_golden() == 200


def test_every_form_of_an_answer_has_the_ends_and_monitoring_reads_the_value(made: Job) -> None:
    served = Served(made.paths.model)
    found = served.predict(Rows({"x": [0.1, 0.9]}, 2))
    (first, _) = json.loads(found.as_json())["predictions"]
    assert list(first) == ["value", "low", "high"]
    assert found.as_csv().splitlines()[0] == "value,low,high"
    for text, kind in ((found.as_json(), "application/json"), (found.as_csv(), "text/csv")):
        assert read_answers(text.encode(), kind, "regression", "number")[0] == Answer(first["value"], first["value"])
    explained = served.explain(Rows({"x": [0.1, 0.9]}, 2), found)
    assert explained.as_csv().splitlines()[0] == "value,low,high,base,contribution.x"
    assert read_answers(explained.as_csv().encode(), "text/csv", "regression", "number")[0].label == first["value"]
    (shown, _) = found.revealed("rounded").entries()
    assert shown["low"] == float(f"{first['low']:.3g}")
    described = json.loads((made.paths.model / "openapi.json").read_text())
    entry = described["components"]["schemas"]["Predictions"]["properties"]["predictions"]["items"]
    assert entry["required"] == ["value", "low", "high"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=20, max_size=60),
    st.integers(1, 40),
    st.floats(-1e-12, 1e-12),
)
def test_any_answer_has_an_interval_and_the_last_digit_does_not_change_its_part(
    answers: list[float], repeats: int, last: float
) -> None:
    values = np.repeat(answers, repeats)
    actual = values + np.random.default_rng(1).normal(size=len(values))
    manifest = {"problem": "regression", "classes": None, "target_type": "number"}
    manifest["interval"] = intervals.measure(0.9, actual, values)
    found, again = predicted(manifest, values), predicted(manifest, values * (1 + last))
    assert found.ends is not None
    assert again.ends is not None
    np.testing.assert_allclose(found.ends, again.ends, atol=1e-5)
    inside = (found.ends[:, 0] <= actual + 1e-6) & (actual <= found.ends[:, 1] + 1e-6)
    assert inside.mean() >= 0.85
    assert np.isfinite(predicted(manifest, np.array([-1e300, 1e300])).ends).all()


def test_too_few_rows_and_classes_are_refused_in_a_sentence(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"problem": "regression", "target": "y", "parameters": {}}
    job = Job(tmp_path).prepare([growing(300)], COLUMNS, interval=0.99, **changes)
    with pytest.raises(TrainingError, match=r"too few for training.interval: 0.99; at least 200 are needed"):
        job.run()
    text = ("name: x\nproblem: binary\ntarget: y\ncard: {origin: o, licence: l}\ncolumns: {y: {type: boolean}, "
            "a: {type: number}}\ntraining: {interval: 0.9}\n")  # fmt: skip
    with pytest.raises(SpecError, match="is for a regression; a binary model answers with probabilities"):
        parse(text)


def skewed(rows: int, seed: int = 1) -> pd.DataFrame:
    """The mean is the same everywhere; only the spread depends on x, on one side."""
    rng = np.random.default_rng(seed)
    x = rng.random(rows)
    y = (rng.exponential(1, rows) - 1) * np.where(x > 0.5, 10, 1)
    return pd.DataFrame({"id": pd.array(range(rows), dtype="Int64"), "x": x, "y": y})


@pytest.fixture(scope="module")
def by_quantiles(tmp_path_factory: pytest.TempPathFactory) -> Job:
    changes: dict[str, Any] = {"problem": "regression", "target": "y", "estimator": "quantile", "parameters": {}}
    job = Job(tmp_path_factory.mktemp("quantile"))
    job.prepare([skewed(6000)], COLUMNS, interval=0.9, **changes).run()
    return job


def test_intervals_by_quantiles_are_wide_where_the_row_says_so_although_the_answers_are_alike(
    by_quantiles: Job,
) -> None:
    rows, served = skewed(6000, seed=2), Served(by_quantiles.paths.model)
    assert served.path == "fast", by_quantiles.manifest["serving"]
    found = served.predict(Rows({"x": rows["x"].tolist()}, len(rows)))
    assert found.ends is not None
    low, high = found.ends.T
    assert ((low <= found.values) & (found.values <= high)).all()
    inside = (low <= rows["y"]) & (rows["y"] <= high)
    assert 0.88 <= inside.mean() <= 0.92
    for part in (rows["x"] < 0.45, rows["x"] > 0.55):
        assert 0.86 <= inside[part].mean() <= 0.95
    width = high - low
    assert width[rows["x"] > 0.55].mean() > 5 * width[rows["x"] < 0.45].mean()
    assert served.check_golden() == 200
    explained = served.explain(Rows({"x": [0.9]}, 1), served.predict(Rows({"x": [0.9]}, 1)))
    (entry,) = explained.entries()
    assert entry["base"] + sum(entry["contributions"].values()) == pytest.approx(entry["value"])


def test_the_general_path_answers_the_same_ends(by_quantiles: Job) -> None:
    rows = skewed(300, seed=3)
    model = Model.load(by_quantiles.paths.model)
    fast = Served(by_quantiles.paths.model).predict(Rows({"x": rows["x"].tolist()}, len(rows)))
    np.testing.assert_allclose(model.predict(rows).ends, fast.ends)


def test_quantiles_without_an_interval_answer_a_number_alone(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"problem": "regression", "target": "y", "estimator": "quantile"}
    job = Job(tmp_path).prepare([skewed(3000)], COLUMNS, parameters={"quantile": 0.9, "max_iter": 50}, **changes)
    job.run()
    rows = skewed(3000, seed=2)
    found = Served(job.paths.model).predict(Rows({"x": rows["x"].tolist()}, len(rows)))
    assert found.ends is None
    assert (rows["y"] <= found.values).mean() == pytest.approx(0.9, abs=0.03)


def test_quantiles_take_no_classes_and_no_share(tmp_path: Path) -> None:
    text = ("name: x\nproblem: binary\ntarget: y\ncard: {origin: o, licence: l}\ncolumns: {y: {type: boolean}, "
            "a: {type: number}}\ntraining: {estimator: quantile}\n")  # fmt: skip
    with pytest.raises(SpecError, match="quantile is for a regression"):
        parse(text)
    changes: dict[str, Any] = {"problem": "regression", "target": "y", "estimator": "quantile"}
    with pytest.raises(TrainingError, match="quantile has no parameter 'share'; it has categorical_features"):
        Job(tmp_path).prepare([skewed(300)], COLUMNS, parameters={"share": 0.5}, **changes).run()
