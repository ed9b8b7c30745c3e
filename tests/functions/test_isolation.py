"""One model's broken data, spec or traffic stops no other model."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from functions import FunctionError
from functions.dispatch import handler as dispatch
from functions.dispatch.reconciliation import handler as reconcile
from functions.monitoring import handler as monitor
from functions.task import FailedModelsError, for_each_model
from functions.withholding import described, withholding
from perennial.records import Champion
from tests.functions.test_monitoring import flights, promote  # noqa: F401  (a fixture)

SPEC = (dispatch.SPECS / "flights.yaml").read_text()


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Three models: the first has a spec that cannot be used, the second is called alpha, the third flights."""
    (tmp_path / "aaa.yaml").write_text("name: aaa\nproblem: [")
    (tmp_path / "alpha.yaml").write_text(SPEC.replace("name: flights", "name: alpha", 1))
    (tmp_path / "flights.yaml").write_text(SPEC)
    monkeypatch.setattr(dispatch, "SPECS", tmp_path)
    dispatch._loaded.cache_clear()
    yield
    dispatch._loaded.cache_clear()


def test_monitoring_goes_on_after_a_model_that_fails(world, context, three, flights):  # noqa: F811
    promote(world, flights.head(2000), {})
    since = datetime.now(UTC) - timedelta(hours=2)
    lost = Champion(model="alpha", version="alpha@ba9876543210", run="run-alpha", token=1, since=since)
    world.ledger.table.put_item(Item={"pk": "model#alpha", "sk": "champion", "record": lost.model_dump_json()})
    with pytest.raises(FailedModelsError, match=r"1 of 2 models failed: alpha \("):
        monitor({}, context)
    assert world.ledger.monitored_at("flights") is not None
    assert world.ledger.monitored_at("alpha") is None


def test_reconciling_goes_on_after_a_model_and_after_an_object_that_fails(world, context, three, monkeypatch):
    store = boto3.client("s3")
    for key in ("incoming/alpha/1.csv", "incoming/flights/1.csv", "incoming/flights/2.csv"):
        store.put_object(Bucket="data", Key=key, Body=b"x")
    claim = world.ledger.claim.__func__

    def fails(ledger, dataset):
        if dataset.key in ("incoming/alpha/1.csv", "incoming/flights/1.csv"):
            raise ValueError(f"{dataset.key} holds 4711")
        return claim(ledger, dataset)

    monkeypatch.setattr(type(world.ledger), "claim", fails)
    with pytest.raises(FailedModelsError, match="2 of 2 models failed") as caught:
        reconcile({}, context)
    assert [run["dataset"] for run in world.executions()]
    assert "4711" not in str(caught.value)


def test_an_upload_of_a_model_whose_spec_is_broken_waits_and_stops_no_other(world, context, three):
    from tests.functions.test_dispatch import created

    bodies = [created("incoming/aaa/1.csv"), created("incoming/flights/1.csv")]
    records = [
        {"messageId": str(index), "body": json.dumps(body), "eventSource": "aws:sqs", "receiptHandle": "r"}
        for index, body in enumerate(bodies)
    ]
    answer = dispatch.handler({"Records": records}, context)
    assert answer["batchItemFailures"] == [{"itemIdentifier": "0"}]
    assert [run["model"] for run in world.executions()] == ["flights"]


def test_the_results_of_sound_models_come_back() -> None:
    assert for_each_model(("a", "b"), str.upper) == {"a": "A", "b": "B"}


@withholding
def reads_badly() -> None:
    float("marker-4711")


def test_an_error_of_a_library_keeps_its_name_and_place_and_loses_its_message() -> None:
    with pytest.raises(FunctionError) as caught:
        reads_badly()
    assert type(caught.value).__name__ == "ValueError"
    assert "4711" not in str(caught.value)
    assert "tests/functions/test_isolation.py:" in str(caught.value)
    assert caught.value.__suppress_context__


def test_an_error_of_ours_is_told_whole() -> None:
    assert described(FailedModelsError("two of two")) == "FailedModelsError: two of two"
