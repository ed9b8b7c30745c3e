"""A subject is named by values of columns, read as those of an upload."""

import pytest

from perennial.forgetting.subject import SubjectError, parse
from tests.perennial.forgetting.people import SPEC


@pytest.mark.parametrize("text", ["customer=4711", "customer=4711.0", "customer=+4711"])
def test_a_value_is_read_as_the_type_of_its_column(text: str) -> None:
    if text == "customer=+4711":  # + is a space in a query, which an upload trims
        assert parse(text, SPEC).values == {"customer": 4711}
        return
    assert parse(text, SPEC).values == {"customer": 4711}


def test_several_columns_name_one_person_and_values_may_hold_any_character() -> None:
    found = parse("name=A%26B%3DC&town=Bern", SPEC)
    assert found.values == {"name": "A&B=C", "town": "Bern"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("customer", "a subject is KEY=VALUE"),
        ("", "a subject is KEY=VALUE"),
        ("customer=1&customer=2", "a subject is KEY=VALUE"),
        ("patient=1", "declares no column 'patient'"),
        ("customer=Zoe", "no integer, so it names nobody"),
        ("customer=", "is null"),
    ],
)
def test_a_text_that_names_nobody_is_refused_without_its_value(text: str, told: str) -> None:
    with pytest.raises(SubjectError, match=told) as raised:
        parse(text, SPEC)
    assert "Zoe" not in str(raised.value)


def test_records_have_a_fingerprint_that_depends_on_the_secret() -> None:
    one, same, other = (parse(text, SPEC) for text in ("customer=4711", "customer=4711.0", "customer=4712"))
    assert one.fingerprint("a" * 16) == same.fingerprint("a" * 16)
    assert len({one.fingerprint("a" * 16), one.fingerprint("b" * 16), other.fingerprint("a" * 16)}) == 3
