"""The ledger inserts records once, ends runs once, and returns the stored values."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud import lease
from cloud.ledger import MissingRecordError
from perennial.prequential import PrequentialScore
from perennial.records import Champion, DatasetVersion, Edge, Run

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def dataset(digits: str, minute: int = 0, sequencer: str = "00A") -> DatasetVersion:
    return DatasetVersion(
        id=f"ds-flights-{digits:0>12}", model="flights", name=f"{digits}.csv", bucket="b",
        key=f"incoming/flights/{digits}",
        version_id="v", size=1, uploaded_at=NOW + timedelta(minutes=minute), sequencer=sequencer, spec_digest="s",
        card_digest="c",
    )  # fmt: skip


def run(digits: str, token: int = 1) -> Run:
    return Run(
        id=f"run-flights-{digits:0>12}", model="flights", dataset=f"ds-flights-{digits:0>12}", trigger="upload",
        spec_digest="s", token=token, state="running", started_at=NOW,
    )  # fmt: skip


def test_a_dataset_version_is_claimed_once(ledger):
    assert ledger.claim(dataset("1"))
    assert not ledger.claim(dataset("1"))
    assert ledger.dataset(dataset("1").id) == dataset("1")


def test_datasets_come_oldest_first(ledger):
    for each in (dataset("3", 3), dataset("1", 1), dataset("2", 2)):
        ledger.claim(each)
    assert [each.name for each in ledger.datasets("flights")] == ["1.csv", "2.csv", "3.csv"]


def test_the_first_score_of_a_dataset_stays_and_scores_come_oldest_first(ledger):
    def score(digits: str, hours: int, value: float) -> PrequentialScore:
        return PrequentialScore(
            model="flights", dataset=dataset(digits).id, version="flights@123456789012", run=run(digits).id,
            at=NOW + hours * HOUR, metric="roc_auc", rows=100, metrics={"roc_auc": {"value": value}},
        )  # fmt: skip

    for each in (score("2", 2, 0.7), score("1", 1, 0.8), score("2", 3, 0.1)):
        ledger.put_score(each)
    assert [each.value for each in ledger.scores("flights")] == [0.8, 0.7]
    assert ledger.scores("flights")[0].sentence.startswith("Before training, the champion flights@123456789012 had")


def test_an_ending_is_final(ledger):
    ledger.open_run(run("1"))
    assert ledger.update_run(run("1").model_copy(update={"state": "promoted"}))
    assert not ledger.update_run(run("1").model_copy(update={"state": "failed"}))
    assert ledger.run(run("1").id).state == "promoted"


def test_what_is_not_there_is_said_with_the_next_command(ledger):
    with pytest.raises(MissingRecordError, match="perennial runs"):
        ledger.run("run-flights-000000000000")


def test_edges_are_found_from_both_ends(ledger):
    edge = Edge(source="flights@1", kind="trained_on", target="ds-flights-1")
    ledger.link((edge, edge))
    assert ledger.edges("flights@1") == [edge] == ledger.edges("ds-flights-1")


def test_one_run_has_the_lease_and_asking_again_keeps_its_token(ledger):
    token = lease.acquire(ledger, "flights", "run-a", NOW, HOUR)
    assert token == lease.acquire(ledger, "flights", "run-a", NOW, HOUR)
    assert lease.acquire(ledger, "flights", "run-b", NOW, HOUR) is None
    assert lease.acquire(ledger, "other", "run-c", NOW, HOUR) == 1


def test_a_lease_that_ended_is_taken_over_under_a_higher_token(ledger):
    first = lease.acquire(ledger, "flights", "run-a", NOW, HOUR)
    second = lease.acquire(ledger, "flights", "run-b", NOW + 2 * HOUR, HOUR)
    assert second == first + 1
    assert lease.holder(ledger, "flights", NOW + 2 * HOUR) == "run-b"


def test_a_late_writer_is_fenced_off(ledger):
    late = run("1", lease.acquire(ledger, "flights", run("1").id, NOW, HOUR))
    new = run("2", lease.acquire(ledger, "flights", run("2").id, NOW + 2 * HOUR, HOUR))
    champion = Champion(model="flights", version="flights@1", run=late.id, token=late.token, since=NOW)
    with pytest.raises(lease.LostLeaseError):
        lease.promote(ledger, late, champion)
    with pytest.raises(lease.LostLeaseError):
        lease.renew(ledger, late, NOW, HOUR)
    lease.release(ledger, late)
    assert lease.holder(ledger, "flights", NOW + 2 * HOUR) == new.id
    lease.promote(ledger, new, champion.model_copy(update={"version": "flights@2"}))
    assert ledger.champion("flights").version == "flights@2"


def test_a_released_lease_is_free_at_once(ledger):
    held = run("1", lease.acquire(ledger, "flights", run("1").id, NOW, HOUR))
    lease.release(ledger, held)
    assert lease.holder(ledger, "flights", NOW) is None
    assert lease.acquire(ledger, "flights", "run-b", NOW, HOUR) == held.token + 1


def test_a_newer_upload_supersedes_the_one_that_waits_and_an_older_one_yields(ledger):
    assert lease.pend(ledger, dataset("2", 2)) is None
    assert lease.pend(ledger, dataset("3", 3)) == dataset("2").id
    assert lease.pend(ledger, dataset("1", 1)) == dataset("1").id
    assert lease.pend(ledger, dataset("3", 3)) is None
    assert lease.pending(ledger, "flights") == dataset("3").id
    lease.unpend(ledger, "flights", dataset("2").id)
    assert lease.pending(ledger, "flights") == dataset("3").id
    lease.unpend(ledger, "flights", dataset("3").id)
    assert lease.pending(ledger, "flights") is None


def test_sequencers_of_unequal_length_compare_by_their_digits(ledger):
    assert lease.order(dataset("1", sequencer="00B")) > lease.order(dataset("1", sequencer="00A5"))
