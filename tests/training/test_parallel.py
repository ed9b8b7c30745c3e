"""Work side by side gives the results of one after another."""

import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from threadpoolctl import threadpool_info, threadpool_limits

from training import parallel
from training.folds import Folds

FEW, MANY = 1_000, 5_000_001


def fit(rows: Any, numbers: Any) -> Any:
    return make_pipeline(FunctionTransformer(), HistGradientBoostingClassifier(max_iter=20)).fit(rows, numbers)


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr("training.parallel.os.cpu_count", lambda: 2)


@pytest.mark.usefixtures("two_cores")
def test_two_are_at_work_at_a_time_and_the_results_are_in_order():
    both = threading.Barrier(2, timeout=60)  # a single one would wait for the other

    def work(item):
        both.wait()
        return item * 10

    assert list(parallel.each(work, range(6), FEW)) == [0, 10, 20, 30, 40, 50]


@pytest.mark.usefixtures("two_cores")
@pytest.mark.parametrize(("cells", "own"), [(MANY, False), (FEW, True)])
def test_large_tables_and_the_users_estimators_are_fitted_one_at_a_time(cells, own):
    assert {*parallel.each(lambda _: threading.get_ident(), range(4), cells, own=own)} == {threading.get_ident()}


@pytest.mark.usefixtures("two_cores")
def test_each_has_one_thread_of_the_libraries():
    found = [each for pools in parallel.each(lambda _: threadpool_info(), range(2), FEW) for each in pools]
    assert {each["num_threads"] for each in found} == {1}


@pytest.mark.usefixtures("two_cores")
def test_an_error_ends_the_work_and_is_raised():
    started = []

    def work(item):
        started.append(item)
        raise ValueError(item)

    with pytest.raises(ValueError, match="0"):
        list(parallel.each(work, range(1_000), FEW))
    assert len(started) < 1_000


def test_losses_on_folds_are_the_same_bits_one_at_a_time_and_two(monkeypatch):
    chance = np.random.default_rng(0)
    rows = pd.DataFrame({"a": chance.normal(size=2_000), "b": chance.normal(size=2_000)})
    numbers = (rows["a"] + chance.normal(size=2_000) > 0).to_numpy().astype(int)
    folds = Folds(rows, numbers, chance.integers(0, 3, 2_000), 2)
    found = []
    for cores in (1, 2):
        monkeypatch.setattr("training.parallel.os.cpu_count", lambda cores=cores: cores)
        with threadpool_limits(1):  # as the job has it: on a busy machine threads of OpenMP wait for each other
            found.append(folds.losses(fit).tobytes())
    assert found[0] == found[1]
