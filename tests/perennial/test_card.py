"""Data without a complete card is not trained on: required members, and retention."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial import card as cards
from perennial.card import CardError
from perennial.contract.dataset import Card

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
WHOLE = Card(origin="a shop", licence="CC0-1.0", terms="none")


def codes(card: Card, uploaded: datetime = NOW) -> list[str]:
    return [fault.code for fault in cards.faults(card, uploaded, NOW)]


def test_a_card_that_says_where_from_and_under_which_licence_is_enough_where_no_personal_data_is():
    assert codes(WHOLE) == []
    assert codes(Card()) == ["card-origin", "card-licence"]


@pytest.mark.parametrize("empty", [None, "", "  ", "unknown; say where this comes from", "Unknown"])
def test_what_was_not_filled_in_is_not_said(empty):
    assert codes(replace(WHOLE, licence=empty)) == ["card-licence"]


@pytest.mark.parametrize(
    ("kind", "ground", "found"),
    [
        ("none", None, []),
        ("None.", None, []),
        ("names", "consent, Art. 6(1)(a) GDPR", []),
        ("names", None, ["card-lawful-basis"]),
        ("names", "unknown; say on what ground", ["card-lawful-basis"]),
        ("unknown; say what", None, ["card-lawful-basis"]),
    ],
)
def test_personal_data_needs_a_ground(kind, ground, found):
    assert codes(replace(WHOLE, personal_data=kind, lawful_basis=ground)) == found


@given(st.integers(1, 5000), st.integers(0, 6000), st.booleans())
def test_data_is_kept_to_the_last_day_of_its_retention_and_not_longer(days, age, declared):
    began = NOW - timedelta(days=age)
    card = replace(WHOLE, retention_days=days, collected=began.date() if declared else None)
    uploaded = NOW if declared else began
    assert (codes(card, uploaded) == ["card-retention"]) == (age > days)
    assert cards.kept_until(card, uploaded) == began.date() + timedelta(days=days)


def test_a_retention_beyond_the_calendar_has_no_end():
    assert cards.kept_until(replace(WHOLE, retention_days=10**9), NOW) == date.max


def test_data_from_the_future_prolongs_nothing():
    (fault,) = cards.faults(replace(WHOLE, collected=date(2099, 1, 1)), NOW, NOW)
    assert (fault.code, fault.message) == (
        "card-retention",
        "the card says that the data was collected on 2099-01-01, a day that is still to come",
    )


def test_the_card_beside_the_data_wins_even_where_it_is_empty():
    beside = cards.read(b"licence: MIT\norigin:\n", "x.csv.card.yaml")
    merged = cards.merge(WHOLE, beside)
    assert (merged.licence, merged.origin, merged.terms) == ("MIT", None, "none")
    assert merged.digest() != WHOLE.digest()
    assert cards.merge(WHOLE, {}).digest() == WHOLE.digest()


def test_a_card_beside_the_data_may_only_tighten_the_specs() -> None:
    begin, later, earlier = date(2026, 1, 1), date(2026, 2, 1), date(2025, 1, 1)
    owner = replace(WHOLE, personal_data="names", lawful_basis="contract", retention_days=30, collected=begin)
    loose = {"personal_data": "none", "lawful_basis": "we wanted to", "retention_days": 3650, "collected": later}
    assert cards.merge(owner, loose) == owner
    more = cards.merge(owner, {"personal_data": "names and addresses", "retention_days": 7, "collected": earlier})
    assert more.personal_data == "names; names and addresses"
    assert (more.retention_days, more.collected) == (7, earlier)
    assert cards.merge(owner, {"lawful_basis": ""}).lawful_basis == "", "which is refused"
    assert cards.merge(WHOLE, {"personal_data": "names", "lawful_basis": "consent"}).lawful_basis == "consent"


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "personal_data": st.sampled_from(["none", "no", " None.", "", "names"]),
            "retention_days": st.integers(1, 10_000),
            "collected": st.dates(),
            "lawful_basis": st.sampled_from(["", "another"]),
        },
    )
)
def test_no_card_beside_the_data_lengthens_the_use_of_personal_data(beside: dict[str, Any]) -> None:
    owner = replace(WHOLE, personal_data="names", lawful_basis="contract", retention_days=30)
    merged = cards.merge(owner, beside)
    uploaded = datetime(2026, 6, 1, tzinfo=UTC)
    assert cards.has_personal_data(merged)
    assert merged.lawful_basis in ("contract", "")
    assert cards.kept_until(merged, uploaded) <= cards.kept_until(owner, uploaded)


def test_json_and_yaml_say_the_same():
    says = {"licence": "MIT", "collected": "2026-01-31", "retention_days": 30}
    as_yaml = "".join(f"{name}: {value}\n" for name, value in says.items()).encode()
    assert cards.read(json.dumps(says).encode(), "card.json") == cards.read(as_yaml, "card.yaml") == says


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        (b"licnce: MIT\n", "card.yaml", "card.yaml:1: licnce: unknown field; did you mean 'licence'?"),
        (b"licence: MIT\nretention_days: long\n", "card.yaml", "card.yaml:2: retention_days: Input should be a valid"),
        (b"collected: last year\n", "card.yaml", "card.yaml:1: collected: Input should be a valid date"),
        (b"a: &x b\n", "card.yaml", "card.yaml:1: anchors and aliases are not allowed"),
        (b"- 1\n", "card.yaml", "card.yaml: expected a mapping of members"),
        (b"", "card.yaml", "card.yaml: expected a mapping of members"),
        (b"\xff\xfe", "card.yaml", "card.yaml cannot be read"),
        (b"{", "card.json", "card.json cannot be read"),
        (b"[" * 100_000, "card.json", "card.json cannot be read"),
        (b'{"origin": "\\ud800"}', "card.json", "card.json cannot be read: 'utf-8' codec can't encode"),
    ],
)
def test_a_card_that_cannot_be_read_says_where_and_why(text, name, told):
    with pytest.raises(CardError) as caught:
        cards.read(text, name)
    assert str(caught.value).startswith(told)


@given(st.binary(max_size=200), st.sampled_from(["card.yaml", "card.json"]))
def test_any_bytes_are_a_card_or_a_fault(text, name):
    try:
        card = cards.read(text, name)
    except CardError:
        return
    assert cards.merge(WHOLE, card)
