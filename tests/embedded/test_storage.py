"""Lists of versions do not grow with the contents of the bucket, nor queries with other partitions of a table."""

import gc
import tracemalloc
from typing import Any

import pytest
from moto.dynamodb.models.table import Table

from tests.embedded.conftest import World

SIZE = 16 << 20


def test_a_list_of_versions_copies_no_content(world: World) -> None:
    s3 = world.client("s3")
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    contents = [bytes([number]) * SIZE for number in range(2)]
    for content in contents:
        s3.put_object(Bucket="versions", Key="large", Body=content)
    tracemalloc.start()
    try:
        listed = [s3.list_object_versions(Bucket="versions")["Versions"] for _ in range(3)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < SIZE
    gc.collect()
    for version, content in zip(listed[0], reversed(contents), strict=True):
        found = s3.get_object(Bucket="versions", Key="large", VersionId=version["VersionId"])
        assert (version["Size"], found["Body"].read()) == (SIZE, content)


def test_a_query_reads_the_items_of_its_partition_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    dynamodb = world.client("dynamodb")
    dynamodb.create_table(
        TableName="history",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
    )
    for number in range(30):
        dynamodb.put_item(TableName="history", Item={"pk": {"S": f"p{number % 3}"}, "sk": {"S": f"{number:02}"}})
    read: list[int] = []
    every = Table.all_items
    monkeypatch.setattr(Table, "all_items", lambda table: read.append(len(every(table))) or every(table))
    asked: dict[str, Any] = {
        "TableName": "history",
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "p1"}},
        "ScanIndexForward": False,
        "Limit": 6,
    }
    first = dynamodb.query(**asked)
    second = dynamodb.query(**asked, ExclusiveStartKey=first["LastEvaluatedKey"])
    found = [item["sk"]["S"] for item in [*first["Items"], *second["Items"]]]
    assert found == [f"{number:02}" for number in range(28, 0, -3)]
    assert read == [10, 10]
    condition = "pk = :pk AND begins_with(sk, :sk)"
    begun = asked | {
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": {":pk": {"S": "p1"}, ":sk": {"S": "1"}},
    }
    assert [item["sk"]["S"] for item in dynamodb.query(**begun)["Items"]] == ["19", "16", "13", "10"]
    assert read[2:] == [4]
    missing = dynamodb.query(**asked | {"ExpressionAttributeValues": {":pk": {"S": "none"}}})
    assert missing["Items"] == []
