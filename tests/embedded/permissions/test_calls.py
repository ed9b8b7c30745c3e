"""Calls are counted by principal, operation and outcome; a statement that is removed refuses what it allowed."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from embedded.permissions.page import Usage, page
from embedded.permissions.removal import removals
from tests.embedded.conftest import World, world  # noqa: F401 - a fixture
from tests.embedded.permissions.test_refusals import client, role

ARN = "arn:aws:s3:::counted"


def calls(world: World) -> dict[tuple[str, str, str], int]:  # noqa: F811
    rows = world.cloud.context.authorizer.usage.calls.rows()
    return {(principal, operation, outcome): number for principal, operation, outcome, number in rows}


def test_each_outcome_of_a_call_is_counted(world: World) -> None:  # noqa: F811
    world.client("s3").create_bucket(Bucket="counted")
    role(world, "Counted", ("s3:PutObject", f"{ARN}/*"))
    own = client(world, "Counted", "s3")
    own.put_object(Bucket="counted", Key="a", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        own.get_object(Bucket="counted", Key="a")
    with pytest.raises(ClientError, match="ValidationException"):
        client(world, "Counted", "sagemaker").describe_model(ModelName="no name")
    found = calls(world)
    assert found["Counted", "s3:PutObject", "ok"] == 1
    assert found["Counted", "s3:GetObject", "AccessDenied"] == 1
    assert found["Counted", "sagemaker:DescribeModel", "service model"] == 1
    assert found["developer", "s3:CreateBucket", "ok"] == 1


def test_each_used_statement_is_needed_unless_another_allows_the_same(world: World, tmp_path: Path) -> None:  # noqa: F811
    role(world, "Once", ("s3:PutObject", f"{ARN}/*"), ("s3:DeleteObject", f"{ARN}/*"), ("s3:GetObject", f"{ARN}/*"))
    role(world, "Twice", ("s3:PutObject", f"{ARN}/*"), ("s3:*", f"{ARN}/*"))
    for name in ("Once", "Twice"):
        own = client(world, name, "s3")
        own.put_object(Bucket="counted", Key="a", Body=b"")
        own.delete_object(Bucket="counted", Key="a")
    world.cloud.context.authorizer.record(tmp_path)
    found = {one.statement: one.refusal for one in removals(tmp_path)}
    assert 's3:PutObject on resource: "arn:aws:s3:::counted/a"' in found["Once/own[0]"]
    assert "s3:DeleteObject" in found["Once/own[1]"]
    assert "Once/own[2]" not in found  # nobody used it
    assert found["Twice/own[0]"] == ""  # the other statement allows the same
    assert "s3:DeleteObject" in found["Twice/own[1]"]
    text = page(Usage(tmp_path), removals(tmp_path))
    assert "| the product's roles | " in text
    assert "1 times\nanother statement allows the same" in text
