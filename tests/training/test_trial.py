"""The trial of estimators: what their jobs would refuse is told before anything is uploaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import estimators
from perennial.contract.model import ModelSpec
from perennial.spec import parse

SPEC = """
name: tiny
problem: binary
target: y
card: {origin: a test, licence: CC0-1.0, terms: none}
columns:
  x: {type: number}
  y: {type: boolean}
training: {estimator: "%s", parameters: {%s}}
"""
OWN = """
from sklearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression
%s
print("a module may print")

def build(columns, parameters, seed):
    return make_pipeline(LogisticRegression(random_state=seed, **parameters))
"""


def spec(estimator: str, parameters: str = "") -> ModelSpec:
    return parse(SPEC % (estimator, parameters))


def fault(tmp_path: Path, estimator: str, parameters: str = "", imports: str = "") -> str:
    (tmp_path / "models").mkdir(exist_ok=True)
    (tmp_path / "models" / "own.py").write_text(OWN % imports)
    return estimators.faults([spec(estimator, parameters)], tmp_path).get("tiny", "")


@pytest.mark.parametrize(
    ("estimator", "parameters", "imports"),
    [
        ("hist_gradient_boosting", "max_depth: 3", ""),
        ("own:build", "C: 0.5", "import pandas, scipy, joblib, yaml, treelite"),
    ],
)
def test_an_estimator_that_can_be_made_has_no_fault(
    estimator: str, parameters: str, imports: str, tmp_path: Path
) -> None:
    assert fault(tmp_path, estimator, parameters, imports) == ""


@pytest.mark.parametrize(
    ("estimator", "parameters", "imports", "sentence"),
    [
        ("random_forest", "trees: 3", "", "random_forest has no parameter 'trees'; it has"),
        ("random_forest", "n_estimators: many", "", "training.parameters: The 'n_estimators' parameter"),
        ("linear", "max_depth: 3", "", "linear has no parameter 'max_depth'"),
        ("mine:build", "", "", "needs mine.py, which is not there"),
        ("own:make", "", "", "has no attribute 'make'"),
        ("own:build", "depth: 1", "", "unexpected keyword argument 'depth'"),
        ("own:build", "", "import lightgbm", "imports 'lightgbm', which is not in the training image"),
        ("own:build", "", "import polars", "imports 'polars', which is not in the training image"),
        ("own:build", "", "def", "SyntaxError"),
    ],
)
def test_what_a_job_would_refuse_is_told(
    estimator: str, parameters: str, imports: str, sentence: str, tmp_path: Path
) -> None:
    found = fault(tmp_path, estimator, parameters, imports)
    assert sentence in found
    assert "\n" not in found


def test_a_missing_package_comes_with_those_of_the_image(tmp_path: Path) -> None:
    found = fault(tmp_path, "own:build", imports="import lightgbm")
    for package in ("scikit-learn 1.9.0", "pandas 2.2.3", "Python 3.12", "docs/estimators.md"):
        assert package in found


def test_a_module_that_ends_the_process_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="cannot be tried"):
        fault(tmp_path, "own:build", imports="import os; os._exit(3)")
