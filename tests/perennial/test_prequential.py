"""The score of a champion on a new dataset, as an evaluation states it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.prequential import score_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FOUND = {
    "dataset": "ds-flights-000000000002",
    "version": "flights@123456789012",
    "metric": "roc_auc",
    "rows": 1200,
    "unchecked": 2,
    "metrics": {"roc_auc": {"value": 0.71, "low": 0.69, "high": 0.73}},
}


def test_a_score_is_told_with_its_rows_and_what_was_not_checked() -> None:
    score = score_of({"prequential": FOUND}, "flights", "run-flights-000000000001", NOW)
    assert score is not None
    assert score.value == 0.71
    assert score.sentence == (
        "Before training, the champion flights@123456789012 had roc_auc 0.71 on 1,200 new rows of this upload; rows of "
        "2 older datasets may be among them."
    )


@pytest.mark.parametrize("found", [None, {}, [], {**FOUND, "rows": "many"}, {**FOUND, "metrics": 3}, {**FOUND, "x": 1}])
def test_a_score_that_cannot_be_read_is_none(found: Any) -> None:
    assert score_of({"prequential": found}, "flights", "run", NOW) is None


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_document_is_read_or_is_none(found: Any) -> None:
    assert score_of({"prequential": found}, "flights", "run", NOW) is None
