"""Requests and policies made by Hypothesis, for properties and for the comparison with another evaluator."""

import json
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import strategies as st

from embedded.permissions.evaluation import Access, Document, Policies
from embedded.permissions.policies import Principal

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Worker"
WORKER = Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/Worker/session", ACCOUNT, role=ROLE)
USER = Principal(f"arn:aws:iam::{ACCOUNT}:user/ann", ACCOUNT)
EVENTS = Principal("events.amazonaws.com", ACCOUNT, service="events.amazonaws.com")

# Of each kind of resource: an action, resources, and patterns of both.
KINDS: dict[str, tuple[str, list[str], list[str], list[str]]] = {
    "object": (
        "s3:GetObject",
        ["arn:aws:s3:::bucket/a/b", "arn:aws:s3:::bucket/ann/x", "arn:aws:s3:::other/a"],
        ["s3:GetObject", "s3:Get*", "s3:PutObject", "*", "S3:GETOBJECT", "s3:?etObject"],
        ["*", "arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/?", "arn:aws:s3:::bucket/${aws:username}/*",
         "arn:aws:s3:::*/a", "arn:aws:s3:::bucket"],
    ),
    "queue": (
        "sqs:SendMessage",
        [f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:orders"],
        ["sqs:SendMessage", "sqs:*", "*", "sqs:ReceiveMessage"],
        ["*", f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders", "arn:aws:sqs:*:*:ord*", "arn:aws:sqs:us-east-1:*:o?ders"],
    ),
    "key": (
        "kms:Decrypt",
        [f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"],
        ["kms:Decrypt", "kms:*", "*", "kms:GenerateDataKey*"],
        ["*", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/*"],
    ),
}  # fmt: skip
CONTEXT = {
    "aws:username": ["ann", "bob"],
    "aws:SourceArn": [f"arn:aws:events:us-east-1:{ACCOUNT}:rule/r", "arn:aws:s3:::bucket"],
    "aws:SourceAccount": [ACCOUNT, "999999999999"],
    "aws:SecureTransport": ["true", "false"],
    "aws:SourceIp": ["10.1.2.3", "203.0.113.9"],
    "aws:CurrentTime": ["2026-01-01T00:00:00Z", "2026-06-01T12:00:00Z"],
    "aws:MultiFactorAuthAge": ["5", "3600"],
    "aws:PrincipalTag/team": ["red", "blue"],
}
OPERATORS: dict[str, dict[str, list[Any]]] = {
    "StringEquals": {"aws:username": ["ann", "b*"], "aws:SourceAccount": [ACCOUNT], "aws:PrincipalTag/team": ["red"]},
    "StringNotEquals": {"aws:username": ["ann"], "aws:SourceAccount": [ACCOUNT]},
    "StringEqualsIgnoreCase": {"aws:username": ["ANN"]},
    "StringLike": {"aws:username": ["a*", "?ob", "*"], "aws:PrincipalTag/team": ["r??"]},
    "StringNotLike": {"aws:username": ["a*"]},
    "ArnEquals": {"aws:SourceArn": [f"arn:aws:events:us-east-1:{ACCOUNT}:rule/r", "arn:aws:events:*:*:rule/*"]},
    "ArnLike": {"aws:SourceArn": ["arn:aws:s3:::b*", "arn:aws:events:*:*:rule/*"]},
    "ArnNotLike": {"aws:SourceArn": ["arn:aws:s3:::b*"]},
    "Bool": {"aws:SecureTransport": ["true", "false"]},
    "IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "203.0.113.9/32"]},
    "NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8"]},
    "DateLessThan": {"aws:CurrentTime": ["2026-03-01T00:00:00Z"]},
    "DateGreaterThanEquals": {"aws:CurrentTime": ["2026-01-01T00:00:00Z"]},
    "NumericLessThan": {"aws:MultiFactorAuthAge": ["10", "3600"]},
    "NumericGreaterThanEquals": {"aws:MultiFactorAuthAge": ["5"]},
}


@dataclass(frozen=True)
class Case:
    """A request with its policies."""

    who: Principal
    access: Access
    policies: Policies


def requests() -> st.SearchStrategy[Case]:
    """Cases by their seeds: choosing each value by Hypothesis takes a hundred times as long."""
    return st.integers(0, 2**64).map(lambda seed: case(Random(seed)))


def case(random: Random) -> Case:
    """A request with up to two identity policies and perhaps a resource policy."""
    kind = random.choice(sorted(KINDS))
    action, resources, _, _ = KINDS[kind]
    who = random.choice([WORKER, USER, EVENTS])
    count = 0 if who.service else random.randint(0, 2)
    identity = tuple(Document(f"own{index}", _document(random, kind, False)) for index in range(count))
    own = Document("its", _document(random, kind, True)) if kind == "key" or random.random() < 0.5 else None
    keys = [key for key in CONTEXT if random.random() < 0.5]
    context = tuple((key, (random.choice(CONTEXT[key]),)) for key in keys)
    return Case(who, Access(action, random.choice(resources), context), Policies(identity, own))


def _document(random: Random, kind: str, of_resource: bool) -> str:
    found = [_statement(random, kind, of_resource) for _ in range(random.randint(1, 3))]
    return json.dumps({"Version": "2012-10-17", "Statement": found})


def _statement(random: Random, kind: str, of_resource: bool) -> dict[str, Any]:
    _, _, actions, resources = KINDS[kind]
    action, resource = random.choice(actions), random.choice(resources)
    body: dict[str, Any] = {"Effect": random.choice(["Allow", "Allow", "Deny"])}
    body[random.choice(["Action"] * 3 + ["NotAction"])] = random.choice([action, action, [action]])
    body[random.choice(["Resource"] * 3 + ["NotResource"])] = random.choice([resource, resource, [resource]])
    if of_resource:
        named: list[Any] = [{"AWS": ROLE}, {"AWS": USER.arn}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "*"]
        named += [{"Service": "events.amazonaws.com"}, {"AWS": [ROLE, USER.arn]}]
        body["Principal"] = random.choice(named)
    if random.random() < 0.6:
        body["Condition"] = _conditions(random)
    return body


def _conditions(random: Random) -> dict[str, Any]:
    conditions: dict[str, Any] = {}
    for operator in random.sample(sorted(OPERATORS), random.randint(1, 2)):
        key = random.choice(sorted(OPERATORS[operator]))
        values = OPERATORS[operator][key]
        end = random.choice(["", "", "IfExists"])
        conditions[operator + end] = {key: random.sample(values, random.randint(1, len(values)))}
    if random.random() < 0.2:
        conditions["Null"] = {random.choice(sorted(CONTEXT)): random.choice(["true", "false"])}
    return conditions
