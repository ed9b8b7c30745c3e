"""Decisions by IAM's documentation; properties hold for generated policies."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded.permissions.conditions import PolicyError
from embedded.permissions.evaluation import Access, Decision, Document, Effect, Policies, decide
from embedded.permissions.policies import Principal
from tests.embedded.permissions import made

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Worker"
WORKER = Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/Worker/job-1", ACCOUNT, role=ROLE)
EVENTS = Principal("events.amazonaws.com", ACCOUNT, service="events.amazonaws.com")
OBJECT = "arn:aws:s3:::bucket/folder/file"


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> str:
    """A policy document."""
    return json.dumps({"Version": version, "Statement": list(statements)})


def allow(action: Any = "s3:GetObject", resource: Any = "arn:aws:s3:::bucket/*", **more: Any) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def deny(**more: Any) -> dict[str, Any]:
    """A statement that denies."""
    return allow(**more) | {"Effect": "Deny"}


def decided(
    identity: str | None = None,
    resource: str | None = None,
    *,
    who: Principal = WORKER,
    action: str = "s3:GetObject",
    target: str = OBJECT,
    **context: str | tuple[str, ...],
) -> Decision:
    """The decision of one request; `aws_SourceArn` stands for the key aws:SourceArn."""
    keys = {key.replace("_", ":", 1): (value,) if isinstance(value, str) else value for key, value in context.items()}
    policies = Policies(
        (Document("own", identity),) if identity else (), Document("bucket", resource) if resource else None
    )
    return decide(who, Access(action, target, tuple(keys.items())), policies)


def test_without_a_policy_nothing_is_allowed() -> None:
    assert decided().effect is Effect.NOT_ALLOWED


def test_an_identity_policy_allows_by_itself_and_names_its_statement() -> None:
    assert decided(policy(allow(Sid="Read"))) == Decision(Effect.ALLOWED, ("own[0] Read",))


def test_a_resource_policy_allows_by_itself_within_the_account() -> None:
    assert decided(None, policy(allow(Principal={"AWS": ROLE}))).allowed
    assert decided(None, policy(allow(Principal={"AWS": WORKER.arn}))).allowed
    assert not decided(None, policy(allow(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:role/Other"}))).allowed


def test_a_resource_policy_that_names_the_account_leaves_it_to_the_identity_policies() -> None:
    account = policy(allow(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    assert not decided(None, account).allowed
    assert decided(policy(allow()), account).allowed


def test_an_explicit_deny_wins_wherever_it_stands() -> None:
    denied = decided(policy(allow(), deny()))
    assert (denied.effect, denied.by_resource) == (Effect.DENIED, False)
    by_bucket = decided(policy(allow()), policy(deny(Principal="*")))
    assert (by_bucket.effect, by_bucket.by_resource) == (Effect.DENIED, True)


@pytest.mark.parametrize("action", ["kms:Decrypt", "sts:AssumeRole"])
def test_keys_and_roles_want_their_own_policys_word(action: str) -> None:
    own = policy(allow(action, "*"))
    assert not decided(own, action=action, target="arn:aws:kms:us-east-1:1:key/k").allowed
    delegating = policy(allow("*", "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
    assert decided(own, delegating, action=action, target="arn:aws:kms:us-east-1:1:key/k").allowed
    assert not decided(None, delegating, action=action, target="arn:aws:kms:us-east-1:1:key/k").allowed


def test_the_list_of_keys_and_an_alias_have_no_policy_of_their_own() -> None:
    for action, target in (("kms:ListKeys", "*"), ("kms:CreateAlias", "arn:aws:kms:us-east-1:1:alias/a")):
        assert decided(policy(allow(action, "*")), action=action, target=target).allowed


def test_a_service_is_allowed_by_the_resource_alone_and_only_for_its_source() -> None:
    rule = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/uploads"
    queue = policy(
        allow(
            "sqs:SendMessage",
            "arn:aws:sqs:us-east-1:1:q",
            Principal={"Service": "events.amazonaws.com"},
            Condition={"ArnEquals": {"aws:SourceArn": rule}},
        )
    )
    send = {"who": EVENTS, "action": "sqs:SendMessage", "target": "arn:aws:sqs:us-east-1:1:q"}
    assert decided(None, queue, **send, aws_SourceArn=rule).allowed
    assert not decided(None, queue, **send, aws_SourceArn=rule + "-of-another").allowed
    assert not decided(None, queue, **send).allowed
    assert not decided(None, queue, **(send | {"who": WORKER}), aws_SourceArn=rule).allowed


def test_not_action_not_resource_and_not_principal_mean_all_others() -> None:
    assert decided(policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})).allowed
    assert not decided(policy({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"})).allowed
    assert decided(policy({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::other/*"})).allowed
    assert not decided(policy({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::bucket/*"})).allowed
    others = policy({"Effect": "Deny", "NotPrincipal": {"AWS": ROLE}, "Action": "*", "Resource": "*"})
    assert decided(policy(allow()), others).allowed
    assert decided(None, others, who=EVENTS).effect is Effect.DENIED


def test_actions_ignore_case_and_resources_do_not() -> None:
    assert decided(policy(allow("S3:getOBJECT"))).allowed
    assert not decided(policy(allow(resource="arn:aws:s3:::Bucket/*"))).allowed


def test_a_wildcard_stays_within_its_part_of_an_arn() -> None:
    queue = "arn:aws:sqs:us-east-1:1:orders"
    assert decided(policy(allow("sqs:*", "arn:aws:sqs:*:*:orders")), action="sqs:SendMessage", target=queue).allowed
    assert not decided(policy(allow("sqs:*", "arn:aws:*:orders")), action="sqs:SendMessage", target=queue).allowed


def test_variables_are_filled_in_and_what_they_bring_is_no_pattern() -> None:
    home = policy(allow(resource="arn:aws:s3:::bucket/${aws:username}/*"))
    assert decided(home, target="arn:aws:s3:::bucket/ann/x", aws_username="ann").allowed
    assert not decided(home, target="arn:aws:s3:::bucket/bob/x", aws_username="ann").allowed
    assert not decided(home, target="arn:aws:s3:::bucket/bob/x", aws_username="*").allowed
    assert not decided(home, target="arn:aws:s3:::bucket/x/x").allowed
    default = policy(allow(resource="arn:aws:s3:::bucket/${aws:username, 'all'}/*"))
    assert decided(default, target="arn:aws:s3:::bucket/all/x").allowed
    star = policy(allow(resource="arn:aws:s3:::bucket/${*}"))
    assert decided(star, target="arn:aws:s3:::bucket/*").allowed
    assert not decided(star, target="arn:aws:s3:::bucket/x").allowed


def test_variables_are_plain_text_in_policies_of_the_old_version() -> None:
    old = policy(allow(resource="arn:aws:s3:::bucket/${aws:username}/*"), version="2008-10-17")
    assert not decided(old, target="arn:aws:s3:::bucket/ann/x", aws_username="ann").allowed
    assert decided(old, target="arn:aws:s3:::bucket/${aws:username}/x", aws_username="ann").allowed


HOLDS = [
    ({"StringEquals": {"a:k": ["x", "y"]}}, "y", True),
    ({"StringEquals": {"a:k": "x"}}, None, False),
    ({"StringEqualsIfExists": {"a:k": "x"}}, None, True),
    ({"StringEqualsIfExists": {"a:k": "x"}}, "y", False),
    ({"StringNotEquals": {"a:k": ["x", "y"]}}, "z", True),
    ({"StringNotEquals": {"a:k": ["x", "y"]}}, "y", False),
    ({"StringNotEquals": {"a:k": "x"}}, None, True),
    ({"StringEqualsIgnoreCase": {"a:k": "X"}}, "x", True),
    ({"StringLike": {"a:k": "x*y?"}}, "x12yz", True),
    ({"StringNotLike": {"a:k": "x*"}}, "xy", False),
    ({"ArnLike": {"a:k": "arn:aws:s3:::b*"}}, "arn:aws:s3:::bucket", True),
    ({"ArnEquals": {"a:k": "arn:aws:s3:::b*"}}, "arn:aws:s3:::bucket", True),
    ({"ArnNotEquals": {"a:k": "arn:aws:s3:::bucket"}}, "arn:aws:s3:::bucket", False),
    ({"Bool": {"a:k": False}}, "false", True),
    ({"Bool": {"a:k": "true"}}, "false", False),
    ({"BoolIfExists": {"a:k": "true"}}, None, True),
    ({"Null": {"a:k": "true"}}, None, True),
    ({"Null": {"a:k": "true"}}, "x", False),
    ({"Null": {"a:k": False}}, "x", True),
    ({"NumericLessThan": {"a:k": 1.2}}, "1.0", True),
    ({"NumericLessThan": {"a:k": 1.2}}, "1.2", False),
    ({"NumericGreaterThanEquals": {"a:k": "10"}}, "10", True),
    ({"NumericEquals": {"a:k": "ten"}}, "10", False),
    ({"NumericNotEquals": {"a:k": "10"}}, "11", True),
    ({"DateLessThan": {"a:k": "2026-01-01T00:00:00Z"}}, "2025-12-31T23:59:59Z", True),
    ({"DateGreaterThan": {"a:k": "2026-01-01T00:00:00Z"}}, "2025-12-31T23:59:59Z", False),
    ({"DateEquals": {"a:k": "1767225600"}}, "2026-01-01T00:00:00Z", True),
    ({"IpAddress": {"a:k": ["10.0.0.0/8", "2001:db8::/32"]}}, "10.1.2.3", True),
    ({"IpAddress": {"a:k": "10.0.0.0/8"}}, "11.1.2.3", False),
    ({"NotIpAddress": {"a:k": "10.0.0.0/8"}}, "11.1.2.3", True),
    ({"BinaryEquals": {"a:k": "QmluYXJ5"}}, "QmluYXJ5", True),
    ({"ForAllValues:StringEquals": {"a:k": ["x", "y"]}}, ("x", "y"), True),
    ({"ForAllValues:StringEquals": {"a:k": ["x", "y"]}}, ("x", "z"), False),
    ({"ForAllValues:StringEquals": {"a:k": "x"}}, None, True),
    ({"ForAnyValue:StringEquals": {"a:k": ["x", "y"]}}, ("z", "y"), True),
    ({"ForAnyValue:StringEquals": {"a:k": "x"}}, None, False),
    ({"ForAnyValue:StringLike": {"a:k": "x*"}}, ("a", "xa"), True),
    ({"StringEquals": {"A:K": "x"}}, "x", True),
    ({"StringEquals": {"a:k": "x"}, "Null": {"a:other": "false"}}, "x", False),
]


@pytest.mark.parametrize(("condition", "value", "expected"), HOLDS, ids=lambda part: json.dumps(part))
def test_condition_operators(condition: dict[str, Any], value: Any, expected: bool) -> None:
    given = {} if value is None else {"a_k": value}
    assert decided(policy(allow(Condition=condition)), **given).allowed is expected


MALFORMED = [
    "{",
    "[]",
    json.dumps({"Version": "2012-10-17"}),
    policy({"Effect": "allow", "Action": "*", "Resource": "*"}),
    policy({"Effect": "Allow", "Resource": "*"}),
    policy({"Effect": "Allow", "Action": "*"}),
    policy({"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}),
    policy(allow(Principal="*")),
    policy(allow(Conditions={})),
    policy(allow(Condition={"StringEqual": {"a:k": "x"}})),
    policy(allow(Condition={"ForEach:StringEquals": {"a:k": "x"}})),
]


@pytest.mark.parametrize("document", MALFORMED)
def test_a_malformed_policy_is_an_error(document: str) -> None:
    with pytest.raises(PolicyError):
        decided(document)


@given(made.requests())
def test_a_deny_added_to_any_policies_denies(request: made.Case) -> None:
    more = (*request.policies.identity, Document("last", policy(deny(action="*", resource="*"))))
    assert decide(request.who, request.access, Policies(more, request.policies.resource)).effect is Effect.DENIED


@given(made.requests())
def test_an_added_allow_never_takes_a_right_away(request: made.Case) -> None:
    before = decide(request.who, request.access, request.policies)
    more = (*request.policies.identity, Document("last", policy(allow("*", "*"))))
    after = decide(request.who, request.access, Policies(more, request.policies.resource))
    assert (after.effect is Effect.DENIED) == (before.effect is Effect.DENIED)
    assert after.allowed or not before.allowed


@given(made.requests(), st.randoms(use_true_random=False))
def test_the_order_of_policies_and_statements_does_not_matter(request: made.Case, random: Any) -> None:
    documents = [Document(one.name, shuffled(one.text, random)) for one in request.policies.identity]
    random.shuffle(documents)
    again = decide(request.who, request.access, Policies(tuple(documents), request.policies.resource))
    assert again.effect is decide(request.who, request.access, request.policies).effect


@given(made.requests())
def test_a_decision_of_allowed_names_a_statement(request: made.Case) -> None:
    decision = decide(request.who, request.access, request.policies)
    assert bool(decision.statements) == (decision.effect is not Effect.NOT_ALLOWED)


def shuffled(document: str, random: Any) -> str:
    """The policy with its statements in another order."""
    body = json.loads(document)
    random.shuffle(body["Statement"])
    return json.dumps(body)
