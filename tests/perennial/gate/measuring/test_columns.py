"""A table of pandas and one of Polars with the same rows are measured alike."""

import datetime as dt
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.contract.gate import Fairness, Money
from perennial.gate.measuring import fairness, value
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.columns import floats_of
from perennial.gate.measuring.levels import levels, rows_where
from perennial.gate.measuring.outcomes import Binary

DAY = dt.date(2024, 1, 1)
MOMENT = dt.datetime(2024, 1, 1, 6, tzinfo=dt.UTC)
KINDS = {
    "number": (st.floats(-1e6, 1e6), "float64", pl.Float64),
    "integer": (st.integers(-(2**62), 2**62), "Int64", pl.Int64),
    "boolean": (st.booleans(), "boolean", pl.Boolean),
    "category": (st.text("ab", min_size=1), object, pl.String),
    "date": (st.integers(0, 400).map(lambda days: DAY + dt.timedelta(days)), "datetime64[us]", pl.Date),
    "datetime": (
        st.integers(0, 10**6).map(lambda seconds: MOMENT + dt.timedelta(seconds=seconds)),
        "datetime64[us, UTC]",
        pl.Datetime("us", "UTC"),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_levels_of_pandas_and_of_polars_are_equal(kind):
    values, pandas_type, polars_type = KINDS[kind]

    @given(st.lists(st.none() | values, min_size=1, max_size=40), st.booleans())
    def check(column, binned):
        of_pandas = levels(pd.Series(column, dtype=pandas_type), binned)
        of_polars = levels(pl.Series(column, dtype=polars_type), binned)
        assert of_pandas.names == of_polars.names
        assert of_pandas.codes.tolist() == of_polars.codes.tolist()

    check()


def test_a_nan_is_a_null_in_both():
    column = [1.0, float("nan"), None]
    for series in (pd.Series(column), pl.Series(column)):
        np.testing.assert_array_equal(floats_of(series), [1, np.nan, np.nan])
        assert levels(series).names == ("1", "missing")


def test_fairness_value_and_slices_are_equal():
    generator = np.random.default_rng(4)
    data = {
        "sex": generator.choice(["f", "m"], 600).tolist(),
        "amount": [None if each < 0 else float(each) for each in generator.normal(30, 20, 600)],
    }
    outcomes = Binary(generator.random(600) < 0.3, generator.random(600), 0.4)
    resamples = Resamples(600, 100, 1)
    found = [
        (
            fairness.measure([Fairness(columns=("sex",))], table, outcomes, resamples),
            value.measure(Money(tp="2 * amount", fp=-1, max_missing_rate=0.9), table, outcomes, None, resamples),
            rows_where({"sex": "f"}, table)[1].tolist(),
        )
        for table in (pd.DataFrame(data), pl.DataFrame(data))
    ]
    assert found[0] == found[1]


def test_live_measuring_needs_neither_pandas_nor_scipy():
    """The layer of the Lambda functions has neither."""
    modules = "evaluation, fairness, value, levels"
    code = (
        f"import sys; from perennial.gate.measuring import {modules}; print({{'pandas', 'scipy'}} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
