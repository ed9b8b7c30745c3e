"""SNS accepts the notice of any subject."""

import json

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud import messaging
from cloud.ledger import Ledger
from cloud.platform import Platform
from embedded.rules.requests import RULES
from embedded.rules.rule import NOTHING
from perennial.environment import Environment
from perennial.records import Notice


@given(st.text(max_size=150))
def test_a_subject_is_printable_ascii_of_fewer_than_100_characters(text):
    (rule,) = RULES["sns"]
    assert rule.refusal({"Subject": messaging.subject(text)}, NOTHING) is None


def test_a_subject_that_sns_takes_stays_as_it_is():
    assert messaging.subject("flights: promoted (run-flights-1f0c93ab27de)") == (
        "flights: promoted (run-flights-1f0c93ab27de)"
    )


@pytest.mark.parametrize(
    ("name", "subject", "command"),
    [
        ("perennial", "m: refused", "next: perennial explain R"),
        ("staging", "staging: m: refused", "next: perennial --env staging explain R"),
    ],
)
def test_a_notice_names_its_environment_and_the_command_that_reaches_it(
    ledger: Ledger, name: str, subject: str, command: str
) -> None:
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic, inbox = sns.create_topic(Name="notices")["TopicArn"], sqs.create_queue(QueueName="inbox")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:inbox")
    platform = Platform(Environment(name), notices_topic=topic)
    messaging.notify_people(platform, Notice(subject="m: refused", text="next: perennial explain R"))
    (message,) = sqs.receive_message(QueueUrl=inbox)["Messages"]
    body = json.loads(message["Body"])
    assert (body["Subject"], body["Message"]) == (subject, command)
