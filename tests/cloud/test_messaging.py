"""SNS accepts the notice of any subject."""

from hypothesis import given
from hypothesis import strategies as st

from cloud import messaging
from embedded.rules.requests import RULES
from embedded.rules.rule import NOTHING


@given(st.text(max_size=150))
def test_a_subject_is_printable_ascii_of_fewer_than_100_characters(text):
    (rule,) = RULES["sns"]
    assert rule.refusal({"Subject": messaging.subject(text)}, NOTHING) is None


def test_a_subject_that_sns_takes_stays_as_it_is():
    assert messaging.subject("flights: promoted (run-flights-1f0c93ab27de)") == (
        "flights: promoted (run-flights-1f0c93ab27de)"
    )
