"""Dispatch starts each dataset version once, one at a time per model, the newest first."""

import json

import boto3
import pytest

from cloud import lease
from functions.conclusion import handler as conclude
from functions.dispatch.reconciliation import handler as reconcile
from perennial import conclusion, layout
from tests.cloud.test_bucket_notifications import SESSION, USER, notification, record
from tests.functions.disturbances import KilledError, disturbed

KEY = "incoming/flights/2013-01.csv"


def created(key: str = KEY, version: str = "v1", minute: int = 0, sequencer: str = "00A") -> dict:
    """An 'Object Created' event as EventBridge hands it to the queue."""
    return {
        "detail-type": "Object Created",
        "source": "aws.s3",
        "time": f"2026-01-01T00:{minute:02}:00Z",
        "detail": {
            "bucket": {"name": "data"},
            "object": {"key": key, "version-id": version, "size": 9, "etag": "e", "sequencer": sequencer},
        },
    }


@pytest.fixture
def end(world, context):
    def end(run: dict, outcome: str = "refused") -> None:
        conclude({"run": run, "outcome": outcome}, context)

    return end


def test_the_same_event_three_times_starts_one_run(world, send):
    send(created(), created())
    send(created())
    (run,) = world.executions()
    assert run["model"] == "flights"
    assert world.ledger.dataset(run["dataset"]).state == "running"
    assert world.ledger.run(run["id"]).token == run["token"] == 1


def test_a_run_names_the_source_that_was_deployed_and_the_source_is_kept(world, send, monkeypatch):
    send(created())
    (run,) = world.executions()
    assert world.ledger.run(run["id"]).code_digest == "c" * 64
    kept = boto3.client("s3").get_object(Bucket="models", Key=layout.training_source("c" * 64))
    assert kept["Body"].read() == b"the source of training jobs"
    boto3.client("s3").delete_object(Bucket="code", Key="abc.gz")  # as after a later deployment
    send(created("incoming/airtime/x.csv"))
    assert len(world.executions()) == 2


def test_a_run_carries_the_spec_that_was_deployed(world, send):
    send(created())
    pointer = world.executions()[0]["spec"]
    stored = boto3.client("s3").get_object(Bucket=pointer["bucket"], Key=pointer["key"])["Body"].read()
    assert json.loads(stored)["name"] == "flights"


def test_a_part_waits_for_its_manifest(world, send):
    send(created("incoming/flights/q1/part-0.csv"))
    assert world.executions() == []
    send(created("incoming/flights/q1/manifest.json"))
    assert len(world.executions()) == 1


@pytest.mark.parametrize("key", ["incoming/nobody/x.csv", "incoming/stray.csv"])
def test_an_upload_that_no_spec_knows_is_recorded_and_told_once(world, send, key):
    assert send(created(key)) == []
    send(created(key))
    assert world.executions() == []
    assert [dataset.key for dataset in world.ledger.unknown_uploads()] == [key]
    assert world.notices() == ["upload for no known model"]


def test_uploads_for_no_model_are_one_notice_a_day_and_a_bounded_number_of_records(world, send, monkeypatch):
    monkeypatch.setattr("cloud.ledger.MOST_UNKNOWN", 3)
    for number in range(5):
        send(created(f"incoming//{number}\x1b[2J.csv", f"v{number}"))
    assert world.notices() == ["upload for no known model"]
    assert len(world.ledger.unknown_uploads()) == 3
    tomorrow = created("incoming//late.csv", "v9") | {"time": "2026-01-02T00:00:00Z"}
    send(tomorrow)
    assert world.notices() == ["upload for no known model"]


def test_a_key_in_a_notice_is_quoted_and_short():
    told = conclusion.unknown_upload("incoming//\x1b]0;x\x07\n\nnext: rm -rf /" + "a" * 1000, ["flights"]).text
    assert told.startswith('"incoming//\\u001b]0;x\\u0007\\n\\nnext: rm -rf /aaa')
    assert len(told) < 500


def test_a_second_upload_waits_until_the_first_has_ended(world, send, end):
    send(created())
    send(created("incoming/flights/2013-02.csv", minute=1))
    (first,) = world.executions()
    end(first)
    send(*world.messages())
    assert len(world.executions()) == 2
    assert lease.pending(world.ledger, "flights") is None


def test_a_newer_upload_supersedes_the_one_that_waits(world, send, end):
    send(*(created(f"incoming/flights/{minute}.csv", minute=minute) for minute in range(5)))
    states = [dataset.state for dataset in world.ledger.datasets("flights")]
    assert states == ["running", "superseded", "superseded", "superseded", "pending"]
    superseded = [run for run in world.ledger.runs("flights") if run.state == "superseded"]
    assert len(superseded) == 3
    assert all(run.reasons and run.next_command for run in superseded)


def test_an_older_event_after_a_newer_one_of_the_same_key_is_superseded(world, send):
    send(created(version="v2", minute=0, sequencer="00B"), created(version="v1", minute=0, sequencer="00A"))
    assert [dataset.state for dataset in world.ledger.datasets("flights")] == ["superseded", "running"]


def test_models_do_not_wait_for_each_other(world, send):
    send(created(), created("incoming/airtime/2013-01.csv"))
    assert {run["model"] for run in world.executions()} == {"flights", "airtime"}


def test_a_crash_between_lease_and_start_is_mended_by_the_next_delivery(world, send, monkeypatch):
    from functions.dispatch import uploads

    def crash(*_args):
        raise ConnectionError("cut off")

    with monkeypatch.context() as patch:
        patch.setattr(uploads.executions, "start", crash)
        assert len(send(created())) == 1
    assert world.executions() == []
    assert send(created()) == []
    assert len(world.executions()) == 1


def test_a_run_that_has_ended_tells_a_person_once_and_frees_the_model(world, send, end):
    send(created())
    (run,) = world.executions()
    end(run)
    end(run, "promoted")
    send(*world.messages())
    assert world.notices() == [f"flights: refused ({run['id']})"]
    assert world.ledger.run(run["id"]).state == "refused"
    assert world.ledger.dataset(run["dataset"]).state == "refused"


def test_a_lost_event_is_made_good_by_the_reconciler(world, context):
    boto3.client("s3").put_object(Bucket="data", Key=KEY, Body=b"x")
    assert reconcile({}, context) == {"found": 1, "ended": 0}
    assert reconcile({}, context) == {"found": 0, "ended": 0}
    assert len(world.executions()) == 1


def test_one_bad_message_does_not_hold_up_the_others(world, send):
    failures = send({"detail": {}}, created())
    assert [failure["itemIdentifier"] for failure in failures] == ["0"]
    assert len(world.executions()) == 1


def test_messages_that_release_0_2_0_left_in_the_queue_are_handled(world, send, end):
    """They named the action by their key."""
    send(created())
    send(created("incoming/flights/2013-02.csv", minute=1))
    (first,) = world.executions()
    end(first)
    world.messages()
    assert send({"notify": first["id"]}, {"wake": "flights"}) == []
    assert world.notices() == [f"flights: refused ({first['id']})"]
    assert len(world.executions()) == 2


def test_an_outdated_upload_whose_dispatch_ends_after_any_call_is_superseded_once(world, send):
    send(created(KEY, minute=9))
    for number in range(1, 40):
        older = created(KEY, version=f"v0-{number}")
        try:
            with disturbed(world.ledger, number):
                send(older)
        except KilledError:
            assert send(older) == []
        else:
            break
    states = [found.state for found in world.ledger.datasets("flights")]
    assert states == ["superseded"] * number + ["running"]
    assert number > 5, "it reads the ledger, and writes dataset, run and message"
    while messages := world.messages():
        assert send(*messages) == []
    told = []
    while notices := world.notices():
        told += notices
    assert len(told) == len(set(told)) == number


def test_a_model_that_was_trained_elsewhere_is_judged_by_a_run_of_its_own(world, send, end):
    send(created())
    (first,) = world.executions()
    world.ledger.change_dataset(first["dataset"], accepted=True)
    end(first)
    asked = {"action": "retrain", "subject": "flights", "occasion": "now", "who": "ann", "why": "models:/f/1"}
    send({**asked, "imported": "a" * 64})
    second = next(run for run in world.executions() if run["id"] != first["id"])
    run = world.ledger.run(second["id"])
    assert (run.imported, run.trigger) == ("a" * 64, "retrain")
    (request,) = run.steps
    assert request.sentences == ("ann asked to judge a model for flights that was trained elsewhere: models:/f/1.",)
    assert world.ledger.run(first["id"]).imported == ""
    end(second)


def test_a_person_has_a_model_trained_again_on_the_same_data(world, send, end):
    asked = {"action": "retrain", "subject": "flights", "occasion": "now", "who": "ann", "why": "new parameters"}
    send(asked)
    assert world.executions() == [], "there is no accepted data yet"
    send(created())
    (first,) = world.executions()
    world.ledger.change_dataset(first["dataset"], accepted=True)
    end(first)
    send({**asked, "who": ""})
    assert len(world.executions()) == 1, "the platform trains again only a champion"
    send(asked, asked)
    second = next(run for run in world.executions() if run["id"] != first["id"])
    assert (second["trigger"], second["dataset"]) == ("retrain", first["dataset"])
    assert len(world.executions()) == 2
    (request,) = world.ledger.run(second["id"]).steps
    assert request.sentences == ("ann asked to train flights again: new parameters.",)
    end(second)
    assert send({**asked, "subject": "unknown"}) == []


# notifications, which name who uploaded


def uploaders(world) -> dict[str, str]:
    return {dataset.key: dataset.uploader for dataset in world.ledger.datasets("flights")}


def test_the_record_of_an_upload_names_its_principal(world, send):
    assert send(notification(record(KEY, f"AWS:{SESSION}"))) == []
    (run,) = world.executions()
    assert world.ledger.dataset(run["dataset"]).uploader == SESSION
    assert world.ledger.dataset(run["dataset"]).key == KEY


def test_the_test_of_a_notification_is_acknowledged(world, send):
    assert send({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "data"}) == []
    assert (world.executions(), world.notices()) == ([], [])


def test_each_record_of_a_message_is_handled_though_another_fails(world, send, monkeypatch):
    from functions.dispatch import bounds

    def admits(context, spec, dataset):
        if spec.name == "flights":
            raise ConnectionError
        return True

    monkeypatch.setattr(bounds, "admits", admits)
    failed = send(notification(record(KEY), record("incoming/airtime/a.csv")))
    assert [one["itemIdentifier"] for one in failed] == ["0"]
    assert [run["model"] for run in world.executions()] == ["airtime"]


def test_a_notification_of_another_bucket_starts_nothing(world, send):
    """The queue's policy cannot name the bucket: whoever configures another bucket may have S3 send to it."""
    foreign = record(KEY)
    foreign["s3"]["bucket"]["name"] = "somebody-elses"
    assert send(notification(foreign)) == []
    assert world.executions() == []
    assert uploaders(world) == {}


def test_an_event_of_an_earlier_release_starts_a_run_whose_uploader_is_not_known(world, send):
    assert send(created() | {"uploader": USER}) == []
    assert len(world.executions()) == 1
    assert uploaders(world) == {KEY: ""}


def test_a_notification_after_the_event_or_the_reconciler_adds_the_uploader(world, send):
    """Both may come during a deployment, and the reconciler may be earlier than a notification."""
    send(created())
    send(notification(record(KEY, f"AWS:{USER}")))
    assert len(world.executions()) == 1
    assert uploaders(world) == {KEY: USER}
    send(created())
    send(notification(record(KEY, f"AWS:{SESSION}")))
    assert uploaders(world) == {KEY: USER}, "the first that is known stays"


def test_an_upload_for_no_model_names_its_principal(world, send):
    send(notification(record("incoming/nobody/x.csv", f"AWS:{USER}")))
    assert [dataset.uploader for dataset in world.ledger.unknown_uploads()] == [USER]
