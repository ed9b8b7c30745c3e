"""Identities by signed requests to STS, against an STS that verifies them: who signed is named, nobody else is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import boto3
import pytest

import embedded.cloud
from cloud import identities, platform
from cloud.identities import AUTHORIZATION, DATE, STATEMENT, TOKEN, UnprovenError
from tests.embedded.assemblies import make_role

SAID = b'{"approved":true,"run":"run-flights-0123456789ab"}'
OTHER = b'{"approved":true,"run":"run-flights-ffffffffffff"}'
ACCOUNT = "123456789012"
TRUST = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}


@pytest.fixture(scope="module")
def cloud() -> Iterator[embedded.cloud.Cloud]:
    with embedded.cloud.Cloud.start() as started, pytest.MonkeyPatch.context() as changed:
        for name, value in started.exports().items():
            changed.setenv(name, value)
        platform.client.cache_clear()
        boto3.DEFAULT_SESSION = None
        yield started
    platform.client.cache_clear()
    boto3.DEFAULT_SESSION = None


def keys_of_user(name: str) -> dict[str, str]:
    iam = boto3.client("iam")
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return {"ACCESS_KEY_ID": made["AccessKeyId"], "SECRET_ACCESS_KEY": made["SecretAccessKey"], "SESSION_TOKEN": ""}


def keys_of_session(role: str, name: str) -> dict[str, str]:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    made = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
    names = {"ACCESS_KEY_ID": "AccessKeyId", "SECRET_ACCESS_KEY": "SecretAccessKey", "SESSION_TOKEN": "SessionToken"}
    return {variable: made[member] for variable, member in names.items()}


@contextmanager
def acting(keys: dict[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as changed:
        for name, value in keys.items():
            changed.setenv(f"AWS_{name}", value)
        yield


def proof(keys: dict[str, str], statement: bytes = SAID) -> dict[str, str]:
    with acting(keys):
        return identities.prove(statement)


@pytest.fixture(scope="module")
def ada(cloud: embedded.cloud.Cloud) -> dict[str, str]:
    return keys_of_user("ada")


@pytest.fixture(scope="module")
def eve(cloud: embedded.cloud.Cloud) -> dict[str, str]:
    return keys_of_user("eve")


def test_the_developer_a_user_and_each_session_of_a_role_are_named_by_sts(
    cloud: embedded.cloud.Cloud, ada: dict[str, str]
) -> None:
    make_role(boto3.client("iam"), "people")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [TRUST]})
    boto3.client("iam").update_assume_role_policy(RoleName="people", PolicyDocument=policy)
    found = [identities.proven(proof({}), SAID), identities.proven(proof(ada), SAID)]
    found += [identities.proven(proof(keys_of_session("people", name)), SAID) for name in ("grace", "joan")]
    assert [one.arn for one in found] == [
        f"arn:aws:iam::{ACCOUNT}:user/developer",
        f"arn:aws:iam::{ACCOUNT}:user/ada",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/people/grace",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/people/joan",
    ]
    assert len({one.user_id for one in found}) == 4
    assert [one.user_id.partition(":")[2] for one in found[2:]] == ["grace", "joan"]


def test_a_proof_for_one_statement_is_none_for_another(ada: dict[str, str]) -> None:
    with pytest.raises(UnprovenError, match="the signature is of another answer"):
        identities.proven(proof(ada), OTHER)
    moved = proof(ada) | {STATEMENT: proof(ada, OTHER)[STATEMENT]}
    with pytest.raises(UnprovenError, match="SignatureDoesNotMatch"):
        identities.proven(moved, OTHER)


def test_who_takes_the_name_of_another_is_refused(ada: dict[str, str], eve: dict[str, str]) -> None:
    signed = proof(eve)
    signed[AUTHORIZATION] = signed[AUTHORIZATION].replace(eve["ACCESS_KEY_ID"], ada["ACCESS_KEY_ID"])
    with pytest.raises(UnprovenError, match="SignatureDoesNotMatch"):
        identities.proven(signed, SAID)
    with pytest.raises(UnprovenError, match="InvalidClientTokenId"):
        identities.proven(proof({"ACCESS_KEY_ID": "AKIA" + "A" * 16, "SECRET_ACCESS_KEY": "x"}), SAID)


def test_a_proof_is_over_after_fifteen_minutes(ada: dict[str, str]) -> None:
    then = datetime.now(UTC) - timedelta(minutes=16)
    with patch("botocore.auth.get_current_datetime", lambda *_: then.replace(tzinfo=None)):
        signed = proof(ada)
    assert signed[DATE] == then.strftime("%Y%m%dT%H%M%SZ")
    with pytest.raises(UnprovenError, match="STS refuses its signature"):
        identities.proven(signed, SAID)


def without(name: str, given: dict[str, str]) -> dict[str, str]:
    return {other: value for other, value in given.items() if other != name}


@pytest.mark.parametrize(
    "change",
    [
        lambda given: None,
        lambda given: "arn:aws:iam::123456789012:user/ada",
        lambda given: {},
        lambda given: without(AUTHORIZATION, given),
        lambda given: without(STATEMENT, given),
        lambda given: given | {"host": "sts.evil.example"},
        lambda given: given | {DATE: 20261127},
        lambda given: given | {TOKEN: "a\r\nhost: evil"},
        lambda given: given | {TOKEN: "a" * 20_000},
        lambda given: given | {AUTHORIZATION: given[AUTHORIZATION].replace(";x-perennial-statement", "")},
        lambda given: given | {AUTHORIZATION: given[AUTHORIZATION].replace("/sts/", "/s3/")},
    ],
)
def test_what_does_not_have_the_form_of_a_proof_is_not_sent_to_sts(ada: dict[str, str], change: Any) -> None:
    with patch.object(identities, "_asking", side_effect=AssertionError("STS was asked")), pytest.raises(UnprovenError):
        identities.proven(change(proof(ada)), SAID)
