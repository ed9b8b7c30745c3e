"""The relation of a model's uploads: the window of a training, and an upload of the same bytes."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from cloud import lease
from cloud.handovers import RunReference
from functions.drift import _same_bytes
from functions.preparation import handler as preparation
from functions.task import Task, open_task
from perennial.records import DatasetVersion, ModelVersion, Run
from perennial.spec import parse

SPEC = parse("""
name: tiny
problem: binary
target: y
card: {origin: a test, licence: CC0-1.0, terms: do as you like}
columns: {x: {type: number}, y: {type: boolean}}
""")
RUN, NOW = "run-tiny-0123456789ab", datetime(2026, 11, 1, tzinfo=UTC)
Open = Callable[..., Task]


def dataset(number: int, content: str = "", **changes: object) -> DatasetVersion:
    """An accepted dataset; those of a greater number are newer."""
    fields: dict[str, object] = {
        "id": f"ds-tiny-{number:012x}", "model": "tiny", "name": f"{number}.csv", "bucket": "data",
        "key": f"incoming/tiny/{number}.csv", "version_id": str(number), "size": 1,
        "uploaded_at": NOW + timedelta(days=number), "sequencer": f"{number:04}", "spec_digest": "5" * 64,
        "card_digest": "", "accepted": True, "rows": 10, "content": content, "state": "promoted",
    }  # fmt: skip
    return DatasetVersion(**fields | changes)


@pytest.fixture
def opened(world) -> Open:
    """`opened(datasets, **data)`: the task of a run over the last of the datasets, with `data` in the spec."""

    def run(datasets: list[DatasetVersion], trigger: str = "upload", **data: str) -> Task:
        spec = SPEC.to_json()
        spec["data"] |= data
        boto3.client("s3").put_object(Bucket="models", Key="specs/tiny/s.json", Body=json.dumps(spec))
        for each in datasets:
            world.ledger.claim(each)
        token = lease.acquire(world.ledger, "tiny", RUN, NOW, timedelta(hours=1))
        started = Run(
            id=RUN, model="tiny", dataset=datasets[-1].id, trigger=trigger, spec_digest="5" * 64, token=token,
            state="running", started_at=NOW, code_digest="c" * 64,
        )  # fmt: skip
        world.ledger.open_run(started)
        named = started.model_dump(include={"id", "model", "dataset", "trigger", "token"})
        return open_task(RunReference.from_json(named | {"spec": {"bucket": "models", "key": "specs/tiny/s.json"}}))

    return run


def window(task: Task) -> list[int]:
    """The numbers of the datasets to train on."""
    return [int(each.id.rsplit("-", 1)[1], 16) for each in preparation._window(task).datasets]


def test_increments_add_up(opened: Open) -> None:
    assert window(opened([dataset(1), dataset(2), dataset(3, state="running")])) == [1, 2, 3]


def test_a_snapshot_replaces_what_came_before(opened: Open) -> None:
    assert window(opened([dataset(1), dataset(2), dataset(3, state="running")], uploads="snapshot")) == [3]


@pytest.mark.parametrize(("refused_runs", "expected"), [("leave_out", [1, 3]), ("include", [1, 2, 3])])
def test_datasets_of_refused_runs_are_trained_on_only_if_the_spec_says_so(
    opened: Open, refused_runs: str, expected: list[int]
) -> None:
    datasets = [dataset(1), dataset(2, state="refused"), dataset(3, state="running")]
    assert window(opened(datasets, refused_runs=refused_runs)) == expected


def test_of_datasets_with_the_same_bytes_the_newest_is_in_the_window(opened: Open) -> None:
    datasets = [
        dataset(1, "a"),
        dataset(2, "b"),
        dataset(3, "b"),
        dataset(4, "a", state="running"),
    ]
    assert window(opened(datasets)) == [3, 4]


def test_datasets_of_an_earlier_release_have_no_digest_and_all_count(opened: Open) -> None:
    assert window(opened([dataset(1), dataset(2), dataset(3, "a", state="running")])) == [1, 2, 3]


def champion(**changes: object) -> ModelVersion:
    """A version that the code of the run made."""
    fields: dict[str, object] = {
        "id": "tiny@ba9876543210", "model": "tiny", "digest": "b" * 64, "archive_key": "a", "archive_sha256": "a" * 64,
        "run": "run-tiny-ba9876543210", "datasets": (), "profile_key": "p", "code_digest": "c" * 64,
        "spec_digest": "5" * 64, "parameters": {}, "metrics": {}, "environment": {}, "created_at": NOW,
    }  # fmt: skip
    return ModelVersion(**fields | changes)


def test_an_upload_of_the_same_bytes_is_recognised(opened: Open) -> None:
    task = opened([dataset(1, "a"), dataset(2, "a", state="running")])
    found = _same_bytes(task, champion())
    assert found is not None
    assert found.id == dataset(1).id
    assert _same_bytes(task, champion(code_digest="d" * 64)) is None  # other code may make another model


@pytest.mark.parametrize(
    "first",
    [
        dataset(1, "b"),
        dataset(1, "a", state="failed"),
        dataset(1, "a", spec_digest="6" * 64),
        dataset(1, ""),
    ],
)
def test_other_bytes_another_spec_and_a_run_that_failed_are_trained_on(opened: Open, first: DatasetVersion) -> None:
    assert _same_bytes(opened([first, dataset(2, "a", state="running")]), champion()) is None


def test_a_retraining_is_never_unchanged(opened: Open) -> None:
    task = opened([dataset(1, "a"), dataset(2, "a", state="running")], trigger="retrain")
    assert _same_bytes(task, champion()) is None
