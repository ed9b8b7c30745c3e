"""A ledger on moto, in the test's own process."""

import boto3
import pytest
from moto import mock_aws

from cloud import ledger as ledgers
from cloud import platform


@pytest.fixture
def ledger(monkeypatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        platform.client.cache_clear()
        ledgers.table.cache_clear()
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        boto3.client("dynamodb").create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        )
        yield ledgers.Ledger("ledger")
    platform.client.cache_clear()
    ledgers.table.cache_clear()
