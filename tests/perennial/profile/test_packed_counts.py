"""Counts survive packing, whatever they are."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from perennial.profile.column_profile import pack_counts, unpack_counts


@given(st.lists(st.one_of(st.just(0), st.integers(0, 2**70))))
def test_counts_are_read_as_they_were_written(counts: list[int]) -> None:
    assert unpack_counts(pack_counts(counts)) == tuple(counts)


def test_empty_cells_cost_next_to_nothing() -> None:
    assert len(base64.b64decode(pack_counts([0] * 1000 + [5] + [0] * 25))) == 6
