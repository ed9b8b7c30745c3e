"""The trial of estimators: what their jobs would refuse is told before anything is uploaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cli import estimators
from perennial.contract.model import ModelSpec
from perennial.contract.plan import Origin, Plan
from perennial.spec import parse
from training import trial

SPEC = """
name: %s
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


#: estimator, parameters, imports of its module, and the sentence: '' where the estimator can be made
TRIALS = {
    "named": ("hist_gradient_boosting", "max_depth: 3", "", ""),
    "own": ("own:build", "C: 0.5", "import pandas, scipy, joblib, yaml, treelite", ""),
    "unknown": ("random_forest", "trees: 3", "", "random_forest has no parameter 'trees'; it has"),
    "invalid": ("random_forest", "n_estimators: many", "", "training.parameters: The 'n_estimators' parameter"),
    "other": ("linear", "max_depth: 3", "", "linear has no parameter 'max_depth'"),
    "missing": ("mine:build", "", "", "needs mine.py, which is not there"),
    "nameless": ("own:make", "", "", "has no attribute 'make'"),
    "unexpected": ("own:build", "depth: 1", "", "unexpected keyword argument 'depth'"),
    "lightgbm": ("own:build", "", "import lightgbm", "imports 'lightgbm', which is not in the training image"),
    "polars": ("own:build", "", "import polars", "imports 'polars', which is not in the training image"),
    "syntax": ("own:build", "", "def", "SyntaxError"),
}
PLAIN = ("hist_gradient_boosting", "random_forest", "extra_trees", "linear", "elastic_net", "auto")


def spec(folder: Path, name: str, estimator: str, parameters: str = "", imports: str = "") -> ModelSpec:
    """The spec of a model whose estimator may be in a module of its own below `folder`."""
    (folder / "models").mkdir(exist_ok=True)
    if estimator.startswith("own:"):
        (folder / "models" / f"own_{name}.py").write_text(OWN % imports)
        estimator = estimator.replace("own:", f"own_{name}:")
    return parse(SPEC % (name, estimator, parameters))


def fault(folder: Path, imports: str) -> str:
    return estimators.faults([spec(folder, "tiny", "own:build", "", imports)], folder).get("tiny", "")


def test_what_a_job_would_refuse_is_told_and_nothing_else(tmp_path: Path) -> None:
    specs = [spec(tmp_path, name, *case[:3]) for name, case in TRIALS.items()]
    found = estimators.faults(specs, tmp_path)
    for name, case in TRIALS.items():
        told = found.get(name, "")
        assert case[3] in told
        assert bool(told) == bool(case[3]), told
        assert "\n" not in told


@pytest.mark.parametrize("estimator", PLAIN)
@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_an_estimator_by_name_without_parameters_has_no_fault(tmp_path: Path, estimator: str, problem: str) -> None:
    """So `perennial check` starts no process for it."""
    plan = replace(Plan.of(spec(tmp_path, "tiny", estimator), "trial", None, Origin()), problem=problem)
    assert trial.fault(plan, tmp_path) == ""


def test_a_missing_package_comes_with_those_of_the_image(tmp_path: Path) -> None:
    found = fault(tmp_path, "import lightgbm")
    for package in ("scikit-learn 1.9.0", "pandas 2.2.3", "Python 3.12", "docs/estimators.md"):
        assert package in found


def test_a_module_that_ends_the_process_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="cannot be tried"):
        fault(tmp_path, "import os; os._exit(3)")
