"""Notifications of S3 are read as S3 writes them: any key, several records, and a principal only in its own form."""

import json
import string
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cloud.bucket_notifications import LONGEST, created, is_notification, principal
from cloud.typed_json import MalformedJsonError
from perennial.records import DatasetVersion

(DATASET_LIMIT,) = [each.max_length for each in DatasetVersion.model_fields["uploader"].metadata]

USER, SESSION = "AIDAJDPLRKLG7UEXAMPLE", "AROAJDPLRKLG7UEXAMPLE:ann@example.org"
ALPHABET = string.ascii_uppercase + string.digits
IDS = st.sampled_from(["AIDA", "AROA"]).flatmap(
    lambda prefix: st.text(ALPHABET, min_size=17, max_size=17).map(lambda rest: prefix + rest)
)
NAMES = st.text(string.ascii_letters + string.digits + "_+=,.@-", min_size=1, max_size=64)


def record(key: str, who: str | None = f"AWS:{USER}", event: str = "ObjectCreated:Put") -> dict[str, Any]:
    """A record as S3 writes it."""
    identity = {} if who is None else {"userIdentity": {"principalId": who}}
    described = {"key": quote_plus(key, safe="/"), "size": 9, "eTag": "e", "versionId": "v1", "sequencer": "00A"}
    stored = {"s3SchemaVersion": "1.0", "bucket": {"name": "data", "arn": "arn:aws:s3:::data"}, "object": described}
    return {"eventVersion": "2.1", "eventName": event, "eventTime": "2026-01-01T00:00:00.000Z", "s3": stored} | identity


def notification(*records: dict[str, Any]) -> dict[str, Any]:
    return {"Records": list(records)}


@given(st.lists(st.text(min_size=1).filter(lambda key: key.isprintable()), max_size=5))
def test_every_key_is_read_as_it_was_put(keys):
    body = json.loads(json.dumps(notification(*[record(key) for key in keys])))
    assert is_notification(body)
    found = created(body)
    assert [each.detail.object.key for each in found] == keys
    assert all(each.detail.bucket.name == "data" for each in found)
    assert all(each.detail.object.version_id == "v1" and each.detail.object.etag == "e" for each in found)


@given(IDS, st.none() | NAMES)
@example("AROAJDPLRKLG7UEXAMPLE", "x" * 64)
def test_the_principal_is_the_id_that_sts_answers(unique, session):
    stated = unique if session is None else f"{unique}:{session}"
    (found,) = created(notification(record("incoming/m/a.csv", f"AWS:{stated}")))
    assert found.uploader == stated
    assert len(stated) <= LONGEST


@given(st.text(max_size=300))
def test_whatever_is_stated_the_principal_is_short_and_fits_the_record(stated):
    found = principal(stated)
    assert len(found) <= LONGEST
    assert found in stated
    assert found.isascii()
    assert len(found) <= DATASET_LIMIT


@pytest.mark.parametrize(
    "stated",
    ["", "AWS:", "AWS:123456789012", "A3", "AWS:*", "Anonymous", "EC2:x", f"AWS:{USER}\n", f"AWS:{USER}:", "AWS:" * 99,
     f"AWS:{SESSION} ", f"AWS:{USER}:{'x' * 65}", "s3.amazonaws.com"],
)  # fmt: skip
def test_what_is_no_id_of_a_user_or_a_session_is_not_known(stated):
    assert created(notification(record("incoming/m/a.csv", stated)))[0].uploader == ""


def test_a_record_without_a_principal_is_of_nobody_known():
    assert created(notification(record("incoming/m/a.csv", None)))[0].uploader == ""


def test_the_test_of_a_notification_and_other_events_create_nothing():
    tested = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-01-01T00:00:00.000Z", "Bucket": "data"}
    assert is_notification(tested)
    assert created(tested) == ()
    assert created(notification(record("incoming/m/a.csv", event="ObjectRemoved:Delete"))) == ()
    assert not is_notification({"detail": {}, "time": ""})
    assert not is_notification({"action": "notify", "subject": "run"})


@pytest.mark.parametrize(
    "records", [None, {}, [1], [{}], [{"eventName": "ObjectCreated:Put", "eventTime": "", "s3": 1}]]
)
def test_what_is_malformed_is_refused_by_its_reader(records):
    with pytest.raises(MalformedJsonError, match="dispatch: field"):
        created({"Records": records}, "dispatch")
