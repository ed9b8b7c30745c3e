"""A retirement takes all of a model away that costs money, and goes on after a crash at any of its calls."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cloud import quotas, registry, retirements
from cloud.platform import client, from_environment
from cloud.retirements import Remains
from functions import retirement
from tests.functions.disturbances import KilledError, disturbed
from tests.functions.release.conftest import House
from tests.functions.release.test_crashes import policies, targets


def begin(house: House) -> None:
    """A run that retires the model, as the command starts it."""
    house.begin(house.version("a"), "retire")
    asked = {"who": "ada", "why": "nobody asks it"}
    step = {"name": "request", "at": datetime.now(UTC), "sentences": ("ada asked.",), "details": asked}
    run = house.run()
    house.ledger.update_run(run.model_validate(run.model_dump() | {"version": None, "steps": [step]}))


def remains(house: House) -> Remains:
    return retirements.remains(from_environment(), house.ledger, house.model, datetime.now(UTC))


def tracking(house: House) -> list[str]:
    prefix = f"TargetTracking-endpoint/{house.endpoint}/"
    found = boto3.client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    return [alarm["AlarmName"] for alarm in found]


def tags(house: House) -> dict[str, str]:
    sagemaker = boto3.client("sagemaker")
    group = sagemaker.describe_model_package_group(ModelPackageGroupName=f"perennial-{house.model}")
    found = sagemaker.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"]
    return {tag["Key"]: tag["Value"] for tag in found}


def finish(house: House) -> None:
    while house.call(retirement)["outcome"] == "waiting":
        time.sleep(0.05)


@pytest.fixture
def serving(house: House) -> House:
    """A model with a champion, its predecessor, and a group in the registry."""
    house.promote("a")
    version = house.promote("b")
    registry.register(from_environment(), version)
    return house


def test_what_costs_money_goes_and_what_is_kept_stays(serving: House) -> None:
    before = remains(serving)
    assert (before.endpoint, len(before.configs), len(before.alarms)) == ("InService", 2, 5)
    assert (len(targets(serving)), len(policies(serving)), len(tracking(serving))) == (1, 1, 2)
    champion = serving.champion()
    begin(serving)
    finish(serving)
    after = remains(serving)
    assert (after.endpoint, after.configs, after.alarms, after.champion) == ("", (), (), None)
    assert after.is_over
    assert (targets(serving), policies(serving), tracking(serving)) == ([], [], [])
    assert "perennial:retired" in tags(serving)
    found = serving.ledger.is_retired(serving.model)
    assert found is not None
    assert (found.version, found.who, found.why) == (champion.version, "ada", "nobody asks it")
    assert len(serving.ledger.versions(serving.model)) == 2
    for version in serving.ledger.versions(serving.model):
        boto3.client("s3").head_object(Bucket="models", Key=version.archive_key)


def test_a_neighbour_whose_name_begins_alike_is_not_touched(serving: House) -> None:
    other = House(f"{serving.model}-b", serving.ledger, serving.spec)
    other.spec = type(serving.spec).from_json(serving.spec.to_json() | {"name": other.model})
    other.promote("c")
    begin(serving)
    finish(serving)
    left = remains(other)
    assert (left.endpoint, len(left.configs), left.retirement) == ("InService", 1, None)
    assert len(left.alarms) >= 4


def test_a_crash_after_any_call_is_made_good_by_the_next_try(serving: House) -> None:
    """The process ends after each call that changes something, and then after each of all calls."""
    begin(serving)
    for operation in (
        *("TransactWriteItems", "DeregisterScalableTarget", "DeleteEndpoint", "DeleteAlarms"),
        *("DeleteEndpointConfig", "DeleteModel", "AddTags"),
    ):
        with pytest.raises(KilledError, match=operation), disturbed(serving.ledger, operation):
            finish(serving)
    with disturbed(serving.ledger, 0) as calls:
        finish(serving)
    for number in range(1, len(calls) + 1):
        with pytest.raises(KilledError), disturbed(serving.ledger, number):
            finish(serving)
    finish(serving)
    assert remains(serving).is_over
    assert (targets(serving), policies(serving), tracking(serving)) == ([], [], [])
    retired = serving.ledger.is_retired(serving.model)
    assert retired is not None
    assert retired.version == f"{serving.model}@{'b' * 12}"


@contextmanager
def throttled(service: str, operation: str) -> Iterator[None]:
    """AWS throttles an operation beyond boto3's own retries."""
    error = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}

    def refuse(**_: Any) -> None:
        raise ClientError(error, operation)

    events, name = client(service).meta.events, f"before-call.{service}.{operation}"
    events.register(name, refuse, unique_id="throttle")
    try:
        yield
    finally:
        events.unregister(name, unique_id="throttle")


@pytest.mark.parametrize("call", [("sagemaker", "DeleteEndpoint"), ("cloudwatch", "DeleteAlarms")])
def test_throttled_calls_are_waited_out_for_six_hours(serving: House, call: tuple[str, str]) -> None:
    begin(serving)
    with throttled(*call):
        while (answer := serving.call(retirement))["seconds"] != quotas.PAUSE.seconds:
            time.sleep(0.05)
        assert answer["outcome"] == "waiting"
        run = serving.run()
        waits = run.waits | {"retire for capacity": quotas.WAITS}
        assert serving.ledger.update_run(run.model_copy(update={"waits": waits}))
        with pytest.raises(quotas.BusyError, match="throttles"):
            finish(serving)
    run = serving.run()
    assert serving.ledger.update_run(run.model_copy(update={"waits": {}}))
    finish(serving)
    assert remains(serving).is_over


def test_a_model_whose_release_failed_is_retired_without_a_version(house: House) -> None:
    """There is an endpoint and no champion, as after a run that a person had to end."""
    house.begin(house.version("a"))
    house.deploy()
    house.done("refused")
    begin(house)
    finish(house)
    assert remains(house).is_over
    found: Any = house.ledger.is_retired(house.model)
    assert found.version is None
