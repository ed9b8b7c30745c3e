"""A release waits for instances that others use; a quota that never suffices is told at once, with the request."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError

from awsrules.quotas import instances
from cloud import quotas
from cloud.ledger import Ledger
from functions.release import deployment
from perennial.spec import parse
from tests.functions.release.conftest import SPEC, House, eventually

QUOTA = instances("ml.m5.large", "endpoint")


@pytest.fixture
def account(hosting) -> Iterator:
    """The account, with as many instances as before after the test."""
    before = hosting.context.account.granted(QUOTA)
    yield hosting.context.account
    hosting.context.account.grant(QUOTA, before)


def used() -> int:
    """The instances of all endpoints."""
    client = boto3.client("sagemaker")
    found = [client.describe_endpoint(EndpointName=one["EndpointName"]) for one in client.list_endpoints()["Endpoints"]]
    return sum(variant["CurrentInstanceCount"] for one in found for variant in one.get("ProductionVariants", ()))


def remove(house: House) -> None:
    """Deletes the endpoint of a model, if it is there, and waits until its instances are free."""
    client = boto3.client("sagemaker")
    with contextlib.suppress(ClientError):
        client.delete_endpoint(EndpointName=house.endpoint)
    eventually(lambda: house.endpoint not in {one["EndpointName"] for one in client.list_endpoints()["Endpoints"]})


@pytest.fixture
def neighbour(hosting) -> Iterator[House]:
    """Another model with an endpoint of two instances."""
    other = House("neighbour", Ledger("ledger"), parse(SPEC.replace("MODEL", "neighbour")))
    other.promote("c")
    yield other
    remove(other)


def test_a_release_begins_once_another_endpoint_has_given_its_instances_back(
    house: House, neighbour: House, account
) -> None:
    house.promote("a")
    own = house.spec.release.instances
    account.grant(QUOTA, used() + own - 1)
    version = house.version("b")
    house.begin(version)
    waiting = house.call(deployment)
    assert (waiting["outcome"], waiting["seconds"]) == ("waiting", quotas.PAUSE.seconds)
    assert f"{own} more are needed" in waiting["reason"]
    assert waiting["reason"] in house.told()
    remove(neighbour)
    assert house.go() == "promoted"
    assert house.serves() == version.id


def test_a_first_endpoint_without_any_instance_in_the_account_fails_at_once_with_the_request(
    house: House, account
) -> None:
    account.grant(QUOTA, 0)
    house.begin(house.version("a"))
    with pytest.raises(quotas.QuotaError, match="usage' of this account and region is 0") as caught:
        house.call(deployment)
    assert "--quota-code L-614B09FD --desired-value" in caught.value.hint


def test_an_update_that_can_never_have_both_fleets_fails_at_once(house: House, account) -> None:
    house.promote("a")
    own = house.spec.release.instances
    account.grant(QUOTA, 2 * own - 1)
    house.begin(house.version("b"))
    with pytest.raises(quotas.QuotaError, match=f"is {2 * own - 1}, and {2 * own} are needed"):
        house.call(deployment)
    assert house.serves() == house.champion().version


def test_waiting_for_instances_ends_after_six_hours(house: House, neighbour: House, account) -> None:
    house.promote("a")
    account.grant(QUOTA, used() + house.spec.release.instances - 1)
    house.begin(house.version("b"))
    run = house.run()
    assert house.ledger.update_run(run.model_copy(update={"waits": {"start_deployment for capacity": quotas.WAITS}}))
    with pytest.raises(quotas.BusyError, match="are in use and"):
        house.call(deployment)
