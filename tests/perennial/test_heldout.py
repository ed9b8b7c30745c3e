"""Held-out rows depend on the rows alone, in every release."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial import heldout


def every_type() -> pd.DataFrame:
    moments = np.array(["2013-01-01T05:00:00.000001", "NaT", "2013-05-31T22:00:00"], dtype="datetime64[us]")
    return pd.DataFrame(
        {
            "integer": pd.array([1, 2, None], dtype="Int64"),
            "number": [0.1, -0.0, np.nan],
            "text": ["a", "é\x1f", None],
            "boolean": pd.array([True, False, None], dtype="boolean"),
            "date": np.array(["2013-01-01", "NaT", "1969-12-31"], dtype="datetime64[us]"),
            "moment": pd.Series(moments).dt.tz_localize("UTC"),
        }
    )


def test_the_hashes_are_those_of_the_first_release() -> None:
    # If this fails, a library has changed: models would be evaluated on rows that earlier ones were trained on.
    rows = every_type()
    assert heldout.row_hashes(rows, []).tolist() == GOLDEN_ROWS
    assert heldout.row_hashes(rows, ["integer"]).tolist() == GOLDEN_INTEGERS
    assert heldout.row_hashes(rows, ["text", "boolean"]).tolist() == GOLDEN_TEXTS


def test_each_value_has_one_text() -> None:
    rows = every_type()
    texts = {name: heldout.canonical_text(rows[name]).tolist() for name in rows}
    assert texts == {
        "integer": ["=1", "=2", "null"],
        "number": ["=0.10000000000000001", "=0", "null"],
        "text": ["=a", "=é\x1f", "null"],
        "boolean": ["=true", "=false", "null"],
        "date": ["=2013-01-01T00:00:00.000000", "null", "=1969-12-31T00:00:00.000000"],
        "moment": ["=2013-01-01T05:00:00.000001", "null", "=2013-05-31T22:00:00.000000"],
    }


ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-(2**53), 2**53)),
        st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
        st.one_of(st.none(), st.text()),
    ),
    min_size=1,
    max_size=30,
)


def framed(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    integers, numbers, texts = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "i": pd.array(integers, dtype="Int64"),
            "n": pd.Series(numbers, dtype="float64"),
            "t": pd.Series(texts, dtype=object),
        }
    )


@given(ROWS, st.randoms(use_true_random=False))
def test_neither_order_nor_batch_nor_column_order_matters(rows: list[tuple[Any, ...]], random: Any) -> None:
    frame = framed(rows)
    whole = heldout.row_hashes(frame, [])
    order = list(range(len(rows)))
    random.shuffle(order)
    cut = random.randint(0, len(rows))
    shuffled = frame.iloc[order][["t", "i", "n"]]
    batches = [heldout.row_hashes(part, []) for part in (shuffled[:cut], shuffled[cut:])]
    assert np.concatenate(batches).tolist() == whole[order].tolist()


@given(ROWS)
def test_an_integer_column_read_as_floats_moves_no_row(rows: list[tuple[Any, ...]]) -> None:
    frame = framed(rows)
    as_floats = frame.assign(i=frame["i"].astype("Float64").to_numpy(dtype="float64", na_value=np.nan))
    as_category = frame.assign(t=frame["t"].astype("category"))
    for key in (["i"], ["i", "t"]):
        assert heldout.row_hashes(as_floats, key).tolist() == heldout.row_hashes(frame, key).tolist()
        assert heldout.row_hashes(as_category, key).tolist() == heldout.row_hashes(frame, key).tolist()


def test_values_do_not_run_into_each_other() -> None:
    frame = pd.DataFrame({"a": ["ab", "a", "null", None], "b": ["c", "bc", None, "null"]})
    assert len(set(heldout.row_hashes(frame, ["a", "b"]).tolist())) == 4


def test_the_share_is_kept_and_a_larger_share_only_adds_rows() -> None:
    hashes = heldout.row_hashes(pd.DataFrame({"id": np.arange(100_000)}), ["id"])
    fifth, third = heldout.is_held_out(hashes, 0.2), heldout.is_held_out(hashes, 0.3)
    assert fifth.mean() == pytest.approx(0.2, abs=0.005)
    assert third[fifth].all()
    assert not heldout.is_held_out(hashes, 0.0).any()
    assert heldout.is_held_out(hashes, 1.0).all()


def test_rows_of_one_key_stay_together() -> None:
    frame = pd.DataFrame({"person": [f"p{i % 50}" for i in range(1000)], "visit": range(1000)})
    held_out = pd.Series(heldout.is_held_out(heldout.row_hashes(frame, ["person"]), 0.5))
    assert held_out.groupby(frame["person"]).nunique().max() == 1


def test_no_rows_have_no_hashes() -> None:
    assert heldout.row_hashes(framed([(1, 1.0, "a")])[:0], []).tolist() == []


def test_a_column_of_unknown_objects_is_refused() -> None:
    with pytest.raises(heldout.UnhashableColumnError, match="column 'a' holds tuple"):
        heldout.row_hashes(pd.DataFrame({"a": [(1,), (2,)]}), [])


GOLDEN_ROWS = [5712543486686812549, 14614873702531520055, 13148273063724403861]
GOLDEN_INTEGERS = [18281181728911560623, 15524888431426194621, 1594063094593690234]
GOLDEN_TEXTS = [11909623319668114364, 5135743139844141843, 1716269908056762014]


def test_who_uploads_cannot_choose_the_side_of_a_row() -> None:
    wanted = pd.DataFrame({"id": np.arange(40_000)})
    chosen = wanted[heldout.is_held_out(heldout.row_hashes(wanted, ["id"]), 0.2)]  # by the hash that anybody knows
    shares = []
    for secret in ("SZ3cdQk0Yz_1a2b3", "0123456789abcdef"):
        hashes = heldout.row_hashes(chosen, ["id"], secret)
        assert (hashes == heldout.row_hashes(chosen, ["id"], secret)).all()
        shares.append(heldout.is_held_out(hashes, 0.2).mean())
        assert secret not in heldout.secret_digest(secret)
    assert shares == pytest.approx([0.2, 0.2], abs=0.02)
