"""Dead letters go back to the queues that they came from."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.conftest import World
from tests.embedded.test_events import bodies


def queue(world: World, name: str, dead: str = "") -> str:
    """The URL of a new queue, whose messages are received once; `dead` is the ARN of its dead-letter queue."""
    policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})} if dead else {}
    attributes = {"VisibilityTimeout": "0", **policy}
    return str(world.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])


def arn(world: World, url: str) -> str:
    answer = world.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


@pytest.fixture
def queues(world: World, request: pytest.FixtureRequest) -> tuple[str, str, str]:
    """Two queues and their dead letters, where a message of each lies and one that was sent there."""
    name = request.node.name.replace("[", "-").strip("]")[:60]
    dead = queue(world, f"{name}-dead")
    one, other = (queue(world, f"{name}-{each}", arn(world, dead)) for each in ("one", "other"))
    sqs = world.client("sqs")
    for url, body in ((one, "1"), (other, "2"), (dead, "0")):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    for url in (one, other):
        assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
        assert sqs.receive_message(QueueUrl=url).get("Messages", []) == []  # it is a dead letter now
    return one, other, dead


def move(world: World, dead: str, **given: Any) -> None:
    answer = world.client("sqs").start_message_move_task(SourceArn=arn(world, dead), **given)
    assert answer["TaskHandle"]


def test_messages_go_back_to_their_queues_and_count_their_receipts_anew(
    world: World, queues: tuple[str, str, str]
) -> None:
    one, other, dead = queues
    move(world, dead)
    assert bodies(world, one) == [1]
    assert bodies(world, other) == [2]
    assert bodies(world, dead) == [0]  # nobody knows where it belongs


def test_a_destination_takes_all_of_them(world: World, queues: tuple[str, str, str]) -> None:
    one, _, dead = queues
    move(world, dead, DestinationArn=arn(world, one))
    assert sorted(bodies(world, one, 3)) == [0, 1, 2]


def test_only_dead_letters_are_moved(world: World) -> None:
    url = queue(world, "no-dead-letters")
    with pytest.raises(ClientError, match="must be configured as a Dead Letter Queue"):
        move(world, url)
    with pytest.raises(ClientError, match="doesn't exist"):
        world.client("sqs").start_message_move_task(SourceArn=f"{arn(world, url)}-not-there")
