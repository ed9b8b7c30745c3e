"""A dataset that cannot be trained on leaves the training window: by its job's failure, or by hand."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from cloud import s3
from cloud.handovers import RunReference
from cloud.ledger import Ledger
from functions.dispatch.handler import handler as dispatch
from functions.preparation import handler as preparation
from functions.preparation.job import training_job
from functions.preparation.recovery import TrainingFailedError
from functions.preparation.recovery import handler as recover
from functions.task import Task, open_task
from functions.validation.merge import _history
from perennial import layout
from perennial.exclusion import sentence
from perennial.records import Exclusion, ModelVersion
from tests.functions.test_recovery import FAILED, create

__all__ = ["create"]
REASON = "The target 'late' has 3 classes (a, b, c); binary means two."


@pytest.fixture
def run(world, context) -> dict:
    """The reference of a run whose dataset is uploaded."""
    put = boto3.client("s3").put_object(Bucket="data", Key="incoming/flights/jan.csv", Body=b"x")
    item = {"key": "incoming/flights/jan.csv", "version-id": put["VersionId"], "size": 1}
    event = {"detail": {"bucket": {"name": "data"}, "object": item}, "time": f"{datetime.now(UTC):%FT%TZ}"}
    dispatch({"Records": [{"messageId": "1", "body": json.dumps(event), "eventSource": "aws:sqs"}]}, context)
    (found,) = world.executions()
    return dict(found)


def opened(run: dict) -> Task:
    return open_task(RunReference.from_json(run))


def earlier(ledger: Ledger, own: str, days: int) -> str:
    """An accepted dataset of so many days ago."""
    dataset = ledger.dataset(own)
    identity, at = f"ds-flights-{days:012x}", dataset.uploaded_at - timedelta(days=days)
    ledger.claim(dataset.model_copy(update={"id": identity, "uploaded_at": at, "accepted": True, "rows": 10}))
    return identity


def withdraw(ledger: Ledger, dataset: str) -> None:
    ledger.exclude(
        Exclusion(dataset=dataset, model="flights", cause="person", why="bad", who="me", at=datetime.now(UTC))
    )


def test_an_excluded_dataset_is_not_in_the_window(world, run):
    old, bad = (earlier(world.ledger, run["dataset"], days) for days in (20, 10))
    withdraw(world.ledger, bad)
    window = preparation._window(opened(run))
    assert [dataset.id for dataset in window.datasets] == [old, run["dataset"]]
    assert [dataset.id for dataset in window.excluded] == [bad]
    told = "Left out, because they are excluded from training"
    assert list(preparation._left_out(window)) == [f"{told}: {bad}."]


def test_a_run_of_an_excluded_dataset_trains_nothing(world, run):
    withdraw(world.ledger, run["dataset"])
    with pytest.raises(preparation.NothingToTrainOnError, match="excluded from training: bad; next: perennial withd"):
        preparation._window(opened(run))


def test_a_job_that_failed_for_its_rows_excludes_the_datasets_at_fault(world, run, create, context):
    bad = earlier(world.ledger, run["dataset"], 10)
    task = opened(run)
    task.note("training", ("Trained on 20 rows.",), {}, training_job=run["id"], trained_on=(bad, run["dataset"]))
    job = training_job(world.platform, task.spec, run["id"], "c" * 64).to_json()
    create(job, "Failed", f"AlgorithmError: {sentence([bad, 'ds-other-000000000000'], REASON)}, exit code: 1")
    with pytest.raises(TrainingFailedError, match="3 classes"):
        recover({"run": run, "job": job, "error": FAILED}, context)
    (found,) = world.ledger.exclusions("flights").values()
    assert (found.dataset, found.cause, found.who) == (bad, "training", run["id"])
    assert found.why.startswith(REASON)
    assert [dataset.id for dataset in preparation._window(opened(run)).datasets] == [run["dataset"]]
    assert world.ledger.run(run["id"]).step("training").sentences[1] == (
        f"Excluded from later trainings: {bad}. Undo: perennial withdraw DATASET --undo"
    )


def test_a_job_that_failed_for_something_else_excludes_nothing(world, run, create, context):
    task = opened(run)
    task.note("training", (), {}, training_job=run["id"], trained_on=(run["dataset"],))
    job = training_job(world.platform, task.spec, run["id"], "c" * 64).to_json()
    create(job, "Failed", "AlgorithmError: no memory")
    with pytest.raises(TrainingFailedError):
        recover({"run": run, "job": job, "error": FAILED}, context)
    assert world.ledger.exclusions("flights") == {}


def test_a_binary_dataset_is_judged_with_the_classes_of_its_window(world, run):
    task = opened(run)
    name = task.spec.target
    ours = {"target": name, "target_type": task.spec.columns[name].type}
    cases = [
        ({"0": 6, "1": 4}, ours),
        ({"a": 5, "b": 5}, ours | {"target_type": "x"}),
        ({"a": 1, "b": 1, "c": 1}, ours),
    ]
    for days, (classes, about) in enumerate(cases, 1):
        known = earlier(world.ledger, run["dataset"], days)
        counts = dict.fromkeys(("rows", "rows_accepted", "rows_quarantined", "rows_broken"), 10)
        verdict = {"accepted": True, "classes": classes, **about, **counts}
        s3.write_json("data", f"datasets/flights/{known}/verdict.json", verdict)
    withdrawn = earlier(world.ledger, run["dataset"], 4)
    withdraw(world.ledger, withdrawn)
    binary = Task(task.platform, task.ledger, task.run, _binary(task.spec), task.now)
    history = _history(binary)
    assert history.classes == {"0": 6, "1": 4}
    assert len(history.rows) == 3


def _binary(spec):
    from dataclasses import replace

    return replace(spec, problem="binary")


def test_a_champion_that_has_learned_what_is_withdrawn_is_not_amended(world, run):
    bad = earlier(world.ledger, run["dataset"], 10)
    task = opened(run)
    amending = Task(task.platform, task.ledger, task.run, _amending(task.spec), task.now)
    for name, datasets, grown_from in (("1" * 12, (bad,), ""), ("2" * 12, (run["dataset"],), "flights@" + "1" * 12)):
        world.ledger.put_version(
            ModelVersion(
                id=f"flights@{name}", model="flights", digest=name, archive_key="k", archive_sha256="a", run=run["id"],
                datasets=datasets, profile_key="p", code_digest="c", spec_digest="s", parameters={}, metrics={},
                environment={}, created_at=task.now, grown_from=grown_from,
            )
        )  # fmt: skip
    champion = world.ledger.version("flights@" + "2" * 12)
    assert preparation._obstacle(amending, champion) == ()
    withdraw(world.ledger, bad)
    assert preparation._obstacle(amending, champion) == (
        f"The champion is not amended: it has learned {bad}, which may not be trained on any more.",
    )
    assert preparation._obstacle(task, champion) == (), "a spec without amend has no second candidate"


def _amending(spec):
    return replace(spec, training=replace(spec.training, update="amend"))


def test_rows_are_unseen_if_the_platform_itself_decided_to_train_on_them(world, run):
    uploaded = world.ledger.dataset(run["dataset"])
    named_alike = uploaded.model_copy(update={"key": layout.served("flights", datetime(2026, 1, 1, tzinfo=UTC))})
    assert not preparation._is_unseen(opened(run), named_alike)
    opened(run).note("retraining", ("The model is stale.",), {})
    assert preparation._is_unseen(opened(run), named_alike)
    assert not preparation._is_unseen(opened(run), uploaded)
