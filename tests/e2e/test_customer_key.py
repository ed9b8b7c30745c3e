"""Captured traffic under a customer's key, with permissions in force: captured, made a table, monitored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.clouds import OwnCloud, own_cloud
from tests.e2e.conftest import until
from tests.e2e.data import ORDERS, as_csv, orders

pytestmark = pytest.mark.slow

COLUMNS = ["order", "price", "gift", "returned"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnCloud]:
    with own_cloud(tmp_path_factory.mktemp("key"), {"returns.yaml": ORDERS}) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def key(own: OwnCloud) -> str:
    """The ARN of a key of the account's, under which the deployed model's traffic is captured."""
    arn = str(own.loop.client("kms").create_key()["KeyMetadata"]["Arn"])
    spec = ORDERS + f"serving: {{capture_percent: 100, capture_kms_key: '{arn}'}}\n"
    (own.models / "returns.yaml").write_text(spec)
    own.deploy_again()
    return arn


def test_traffic_under_a_customers_key_is_captured_and_monitored(own: OwnCloud, key: str) -> None:
    loop = own.loop
    loop.put("returns/first.csv", as_csv(orders(0, 1500, 1)[COLUMNS]))
    run = loop.ended("returns", "returns/first.csv")
    assert run["state"] == "promoted", run["reasons"]
    rows = orders(10_000, 20, 2)[["order", "price", "gift"]]
    loop.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="perennial-returns", ContentType="text/csv", Body=as_csv(rows)
    )
    s3, bucket = loop.client("s3"), loop.names["traffic_bucket"]
    captured = until(lambda: _listed(s3, bucket, "capture/returns/"), 60, "the captured traffic")
    until(lambda: _tabulated(loop, s3, bucket), 60, "the table of the traffic")
    tables = _listed(s3, bucket, "tables/requests/returns/")
    assert {each: _key_of(s3, bucket, each) for each in (*captured, *tables)} == dict.fromkeys(
        [*captured, *tables], key
    )
    loop.call("functions.monitoring")


def _tabulated(loop: Any, s3: Any, bucket: str) -> list[str]:
    loop.call("functions.tabulation")
    return _listed(s3, bucket, "tables/requests/returns/")


def _listed(s3: Any, bucket: str, prefix: str) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


def _key_of(s3: Any, bucket: str, name: str) -> str | None:
    found: str | None = s3.head_object(Bucket=bucket, Key=name).get("SSEKMSKeyId")
    return found
