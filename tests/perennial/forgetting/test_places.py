"""Every key that the layout makes has a place, of its own model alone."""

from datetime import UTC, datetime

import pytest

from perennial import layout
from perennial.forgetting.places import PLACES, Bucket, place_of, prefixes, unreachable

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
DATASET, RUN, DIGEST = "ds-loans-0123456789ab", "run-loans-0123456789ab", "c" * 64
KEYS: dict[str, tuple[Bucket, str]] = {
    layout.incoming("loans", "jan.csv"): ("data", "uploads"),
    layout.truth("loans", "jan.csv"): ("data", "labels that were uploaded"),
    layout.part("loans", DATASET, 0, layout.ROWS): ("data", "accepted rows"),
    layout.dataset("loans", DATASET, layout.ORIGINS): ("data", "requests that became training data"),
    layout.part("loans", DATASET, 0, layout.QUARANTINED): ("data", "quarantined rows"),
    layout.dataset("loans", DATASET, layout.PROFILE): ("data", "results about datasets"),
    layout.grid("loans", DIGEST): ("data", "frozen grids"),
    layout.keys_of_part("loans", RUN, "key", 0, 0): ("data", "keys that were compared"),
    layout.quarantine("loans", DATASET, "jan.csv"): ("data", "refused datasets"),
    layout.training_archive(RUN, "job", layout.OUTPUT_ARCHIVE): ("models", "archives of training jobs"),
    layout.training_plan(RUN, layout.CHAMPION): ("models", "champions beside plans"),
    layout.training_plan(RUN, layout.PLAN): ("models", "results of runs"),
    layout.run(RUN, layout.EVALUATION): ("models", "results of runs"),
    layout.archive("loans", DIGEST): ("models", "registered models"),
    layout.beside(layout.archive("loans", DIGEST), layout.GOLDEN_ROWS): ("models", "registered models"),
    layout.report("loans", RUN): ("models", "reports and pages"),
    layout.spec("loans", DIGEST): ("models", "value lists of specs"),
    layout.captures("loans", "loans@0123456789ab") + "/endpoint/all/2026/11/27/12/x.jsonl": (
        "traffic", "captured traffic",
    ),
    layout.table_hour(layout.REQUESTS, "loans@0123456789ab", NOW): ("traffic", "requests in tables"),
    layout.table_upload("loans", NOW.date(), "truth-loans-0123456789ab"): ("traffic", "labels in tables"),
    layout.table_hour(layout.UNREADABLE, "loans@0123456789ab", NOW): ("traffic", "unreadable requests"),
    layout.truth_record("loans", "truth-loans-0123456789ab"): ("traffic", "counts of labels"),
    layout.batch_input("loans", "job"): ("traffic", "batches"),
    layout.batch_output("loans", "job"): ("traffic", "batches"),
    layout.monitoring("loans", NOW): ("traffic", "results of monitoring"),
}  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_its_place_and_is_listed(key: str) -> None:
    bucket, name = KEYS[key]
    place = place_of(bucket, "loans", key)
    assert place is not None
    assert place.name == name
    assert any(key.startswith(prefix) for prefix in prefixes(bucket, "loans"))


@pytest.mark.parametrize("key", KEYS)
def test_a_model_whose_name_begins_alike_is_another_one(key: str) -> None:
    bucket, _ = KEYS[key]
    assert place_of(bucket, "loa", key) is None
    assert place_of(bucket, "loans", key.replace("loans", "loans-b")) is None


def test_every_place_is_one_that_a_key_has() -> None:
    assert {place.name for place in PLACES} == {name for _, name in KEYS.values()}


def test_what_cannot_be_reached_ends_by_a_number_of_days_or_by_its_owner() -> None:
    assert {each.days for each in unreachable(90, 180)} == {35, 365, 90, 14, 181, None}
