"""Permutation importance is measured on held-out rows, within a bound of time."""

import pytest

from tests.training.jobs import PEOPLE, Job, people
from training import importance, rows
from training.job import read_plan
from training.model import Model
from training.split import split as divide


def test_a_finished_job_knows_what_its_model_looks_at(trained: dict[str, Job]) -> None:
    for job in trained.values():
        found = job.evaluation["importance"]
        assert set(found) == {name for name, column in PEOPLE.items() if column.feature}
        assert found["constant"] == found["nothing"] == 0.0
        assert found["age in years"] > found["seen"] >= 0
        assert max(found, key=found.__getitem__) == "age in years"


@pytest.mark.parametrize("problem", ["binary", "multiclass"])
def test_a_model_too_slow_to_be_asked_is_measured_on_fewer_rows_or_not_at_all(
    trained: dict[str, Job], problem: str
) -> None:
    job = trained[problem]
    read = read_plan(job.paths.plan / "plan.json")
    split = divide(rows.read(job.paths.data, read), read)
    model = Model.load(job.paths.model)
    assert importance.measure(read, split, model, seconds=0.0) is None
    whole = importance.measure(read, split, model, seconds=float("inf"))
    assert whole == importance.measure(read, split, model, seconds=float("inf"))
    assert whole is not None
    assert set(whole) == set(job.evaluation["importance"])


def test_a_column_may_have_the_name_of_a_parameter(job: Job) -> None:
    columns = {"self" if name == "income" else name: column for name, column in PEOPLE.items()}
    job.prepare([people(400).rename(columns={"income": "self"})], columns, parameters={"max_iter": 5}).run()
    assert "self" in job.evaluation["importance"]
