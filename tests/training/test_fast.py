"""The fast path equals the fitted pipeline, on any rows; and its explanations are Shapley values."""

import datetime as dt
import itertools
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingRegressor

from perennial.contract.columns import Column
from perennial.contract.schema import Rows
from tests.training.jobs import PEOPLE, Job, people
from training import artifact
from training.columns import frame
from training.fast import extraction, quickscorer
from training.fast.contributions import Contributions
from training.fast.path import FOLDER, Fast
from training.fast.trees import Trees
from training.model import Model
from training.served import Served

FEATURES = {name: column for name, column in PEOPLE.items() if column.feature}
KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "bit masks of 32 bits": ({"parameters": {"max_iter": 20}}, "quickscorer"),
    "bit masks of 64 bits": (
        {"parameters": {"max_iter": 10, "max_leaf_nodes": 60, "min_samples_leaf": 3}},
        "quickscorer",
    ),
    "boosting by treelite": (
        {"parameters": {"max_iter": 10, "max_leaf_nodes": 150, "min_samples_leaf": 2}},
        "treelite",
    ),
    "forest by treelite": (
        {"estimator": "random_forest", "parameters": {"n_estimators": 10, "min_samples_leaf": 1}},
        "treelite",
    ),
    "forest by QuickScorer": (
        {"estimator": "random_forest", "parameters": {"n_estimators": 10, "max_depth": 4}},
        "quickscorer",
    ),
    "extra trees": (
        {"estimator": "extra_trees", "parameters": {"n_estimators": 10, "max_depth": 4}},
        "quickscorer",
    ),
    "linear": ({"estimator": "linear", "parameters": {}}, "linear"),
    "elastic net": ({"estimator": "elastic_net", "parameters": {}}, "linear"),
    "ensemble": (
        {
            "estimator": "ensemble",
            "parameters": {
                "members": [
                    {"weight": 3, "estimator": "hist_gradient_boosting", "parameters": {"max_iter": 10}},
                    {
                        "weight": 2,
                        "estimator": "random_forest",
                        "parameters": {"n_estimators": 3, "min_samples_leaf": 2},
                    },
                    {"weight": 1, "estimator": "linear", "parameters": {}},
                ]
            },
        },
        "ensemble",
    ),
}
TARGETS = {"binary": "bought", "multiclass": "plan", "regression": "spent"}


@pytest.fixture(scope="module", params=itertools.product(KINDS, TARGETS), ids="-".join)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Served]:
    """One model, on both paths."""
    kind, problem = request.param
    changes, engine = KINDS[kind]
    job = Job(tmp_path_factory.mktemp("fast"))
    job.prepare([people(900)], problem=problem, target=TARGETS[problem], **changes).run()
    serving = job.manifest["serving"]
    assert (serving["path"], serving["engine"]) == ("fast", engine)
    assert serving["difference"] <= 1e-9
    assert serving["rows"] == job.evaluation["rows"]["held_out"]
    return Model.load(job.paths.model), Served(job.paths.model)


def any_value(column: Column) -> st.SearchStrategy[Any]:
    """Any value that a request of this type may hold, seen in training or not."""
    strategies: dict[str, st.SearchStrategy[Any]] = {
        "boolean": st.booleans(),
        "integer": st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(15, 95)),
        "number": st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 60_000)),
        "category": st.one_of(st.sampled_from(["Bern", "Paris", "Rome, Italy", 'the "Hague"', "street 7"]), st.text()),
        "date": st.dates(dt.date(1, 1, 1)),
        "datetime": st.datetimes(dt.datetime(1, 1, 1), timezones=st.just(dt.UTC)),
    }
    value = strategies[column.type]
    return st.one_of(st.none(), value) if column.nullable else value


ROWS = st.lists(st.tuples(*(any_value(column) for column in FEATURES.values())), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_both_paths_say_the_same_of_any_rows(both: tuple[Model, Served], rows: list[tuple[Any, ...]]) -> None:
    model, served = both
    columns = {name: list(values) for name, values in zip(FEATURES, zip(*rows, strict=True), strict=True)}
    general = model.values(frame(model.features, columns))
    fast = served.predict(Rows(columns, len(rows))).values
    # A linear model multiplies extreme values: the sum is equal to the digits that doubles have.
    assert np.abs(fast - general) == pytest.approx(0, abs=1e-9 * max(1.0, float(np.abs(general).max())))


@settings(max_examples=30, deadline=None)
@given(rows=ROWS)
def test_a_row_is_told_the_same_alone_and_among_others(both: tuple[Model, Served], rows: list[tuple[Any, ...]]) -> None:
    served = both[1]
    columns = {name: list(values) for name, values in zip(FEATURES, zip(*rows, strict=True), strict=True)}
    together = served.predict(Rows(columns, len(rows))).values
    for row in range(len(rows)):
        alone = served.predict(Rows({name: [values[row]] for name, values in columns.items()}, 1)).values[0]
        assert alone == pytest.approx(together[row], rel=1e-9, abs=1e-12)


def test_contributions_add_up_to_the_prediction(both: tuple[Model, Served]) -> None:
    served = both[1]
    golden = json.loads((served.folder / "golden.json").read_text())["rows"][:5]
    columns = {field.name: field.typed_or_none([row[field.name] for row in golden]) for field in served.schema.fields}
    predicted = served.predict(Rows(columns, 5))
    fast = served.fast
    assert fast is not None
    for row in range(5):
        output = (
            predicted.classes.index(predicted.labels[row])
            if predicted.problem == "multiclass" and predicted.labels
            else 0
        )
        base, added = fast.explain(columns, row, output)
        assert set(added) == set(FEATURES)
        total = base + math.fsum(added.values())
        if predicted.problem == "binary" and fast.scale == "log-odds":
            assert 1 / (1 + math.exp(-total)) == pytest.approx(predicted.values[row], abs=1e-9)
        elif fast.scale == "value":
            expected = predicted.values[row][output] if predicted.problem == "multiclass" else predicted.values[row]
            assert total == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_contributions_are_the_shapley_values_of_the_trees() -> None:
    rng = np.random.default_rng(5)
    numbers = rng.normal(size=(400, 4))
    numbers[rng.random(numbers.shape) < 0.1] = np.nan
    numbers[:, 3] = rng.integers(0, 5, 400)
    target = np.nan_to_num(numbers[:, 0]) * np.nan_to_num(numbers[:, 1]) + (numbers[:, 3] == 2) * 3
    model = HistGradientBoostingRegressor(max_iter=5, max_leaf_nodes=9, categorical_features=[3]).fit(numbers, target)
    trees = extraction.trees(model)
    for row in numbers[:10]:
        mean, added = Contributions(trees).of(row, 0)
        assert mean == pytest.approx(expected_sum(trees, row, frozenset()))
        assert mean + added.sum() == pytest.approx(model.predict(row[None])[0])
        for place in range(4):
            assert added[place] == pytest.approx(shapley(trees, row, place), abs=1e-9)


def shapley(trees: Trees, row: Any, place: int) -> float:
    """Shapley values by the definition: over all sets of the other numbers."""
    others, total = [other for other in range(4) if other != place], 0.0
    for size in range(4):
        for known in itertools.combinations(others, size):
            weight = math.factorial(size) * math.factorial(3 - size) / math.factorial(4)
            gain = expected_sum(trees, row, {*known, place}) - expected_sum(trees, row, set(known))
            total += weight * gain
    return total


def expected_sum(trees: Trees, row: Any, known: Any) -> float:
    """The mean output of the trees if only some numbers are known (Lundberg et al., algorithm 1)."""

    def below(node: int) -> float:
        left, right = int(trees.left[node]), int(trees.right[node])
        if left < 0:
            return float(trees.value[node, 0])
        if trees.feature[node] in known:
            return below(left if goes_left(trees, node, row) else right)
        share = trees.cover[left] / trees.cover[node]
        return float(share * below(left) + (1 - share) * below(right))

    return float(trees.bias[0]) + sum(below(int(root)) for root in trees.roots)


def goes_left(trees: Trees, node: int, row: Any) -> bool:
    number = row[trees.feature[node]]
    if np.isnan(number):
        return bool(trees.missing_left[node])
    if trees.categories[node] >= 0:
        return bool(trees.sets[trees.categories[node], int(number)])
    return bool(number <= trees.threshold[node])


def test_a_tree_without_a_split_has_its_one_answer() -> None:
    numbers = np.zeros((100, 2))
    model = HistGradientBoostingRegressor(max_iter=3).fit(numbers, np.ones(100))
    trees = extraction.trees(model)
    assert quickscorer.QuickScorer(trees).one([0.0, 0.0])[0] == pytest.approx(1.0)
    assert quickscorer.QuickScorer(trees).many(numbers[:3])[:, 0] == pytest.approx(1.0)
    mean, added = Contributions(trees).of(numbers[0], 0)
    assert (mean, added.tolist()) == (pytest.approx(1.0), [0.0, 0.0])


def test_a_fast_path_that_was_damaged_does_not_serve(trained: dict[str, Job], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(trained["binary"].paths.model, folder)
    facts = json.loads((folder / FOLDER / "fast.json").read_text())
    facts["encodings"][0]["column"], facts["encodings"][1]["column"] = (
        facts["encodings"][1]["column"],
        facts["encodings"][0]["column"],
    )
    (folder / FOLDER / "fast.json").write_text(json.dumps(facts))
    manifest = {k: v for k, v in trained["binary"].manifest.items() if k not in ("files", "digest")}
    artifact.seal(folder, manifest)
    with pytest.raises(artifact.ArtifactError, match="golden row"):
        Served(folder).check_golden()


def test_rows_are_summed_in_parts_without_a_seam(trained: dict[str, Job]) -> None:
    fast = Fast(trained["binary"].paths.model / FOLDER)
    golden = json.loads((trained["binary"].paths.model / "golden.json").read_text())
    served = Served(trained["binary"].paths.model)
    columns = {f.name: f.typed_or_none([row[f.name] for row in golden["rows"]]) * 60 for f in served.schema.fields}
    count = 60 * len(golden["rows"])
    assert count > 2048
    expected = [entry["probability"] for entry in golden["predictions"]] * 60
    assert fast.values(columns, count) == pytest.approx(expected, abs=1e-12)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_server_on_the_fast_path_imports_neither_pandas_nor_scikit_learn(trained: dict[str, Job]) -> None:
    folder = trained["binary"].paths.model
    script = (
        "import sys, json; from pathlib import Path; from training.serve import App\n"
        f"app = App(Path({str(folder)!r})); assert app.model.path == 'fast', app.fault\n"
        "slow = {'pandas', 'sklearn', 'scipy', 'joblib', 'pyarrow'} & set(sys.modules)\n"
        "print(json.dumps([sorted(slow), int(open('/proc/self/statm').read().split()[1]) * 4096]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(folder / "code"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    imported, resident = json.loads(done.stdout.splitlines()[-1])
    assert imported == []
    assert resident < 150e6
