"""Reports from arbitrary JSON: there is always a page."""

from __future__ import annotations

import copy
import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.reports import card_contents, index_contents, page, run_contents, summary, to_json
from perennial.reports.charts import Axis, Bars, Line, Whisker, histograms, lines, whiskers
from perennial.reports.charts.scale import ticks
from perennial.reports.numbers import exact, moment, money, plain, share, signed
from tests.perennial.reports import cases
from tests.perennial.reports.cases import EVIL

NUMBERS = st.floats() | st.integers() | st.sampled_from([0, -1, 1e308, -1e308, 5e-324])
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
PARTS = {
    "evaluation": cases.evaluation(),
    "decision": cases.decision("refuse"),
    "verdict": cases.verdict(False),
    "drift": dict(cases.data("promoted").drift or {}),
    "spec": dict(cases.data("promoted").spec),
    "card": cases.spec().card.to_json(),
}
PLAIN = replace(cases.data("refused"), profile=None, reference=None)


ODD: list[Any] = [None, True, -1, 1.5e300, float("nan"), EVIL, [], {}, [None], {EVIL: []}]


def places(whole: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every member; of a list to its first entry alone."""
    members = whole.items() if isinstance(whole, dict) else enumerate(whole[:1]) if isinstance(whole, list) else ()
    for key, inner in members:
        yield (*way, key)
        yield from places(inner, (*way, key))


def damaged(whole: Any, way: tuple[Any, ...], odd: Any) -> Any:
    """A copy in which the member at the end of the way is something else."""
    if not way:
        return odd
    made = copy.copy(whole)
    made[way[0]] = damaged(whole[way[0]], way[1:], odd)
    return made


@pytest.mark.hypothesis  # so that `make fuzz` runs it
@pytest.mark.parametrize("name", PARTS)
def test_any_member_may_be_something_else(name):
    """Each fifth member once, with one odd value after the other; in `make fuzz` each member with every one."""
    fuzz = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
    turns = itertools.cycle(ODD)
    for way in list(places(PARTS[name]))[:: 1 if fuzz else 5]:
        for odd in ODD if fuzz else [next(turns)]:
            data = replace(PLAIN, **{name: damaged(PARTS[name], way, odd)})
            try:
                assert "<h1>" in page(run_contents(data))
                assert to_json(card_contents(data, cases.version()))
                assert to_json(summary(data))
            except Exception as error:
                raise AssertionError(f"{name} with {odd!r} at {way}") from error


@settings(max_examples=40)
@given(st.sampled_from(sorted(PARTS)), ANYTHING)
def test_a_report_is_made_of_anything(name, found):
    assert "<h1>" in page(run_contents(replace(cases.data("refused"), **{name: found})))


@settings(max_examples=40)
@given(ANYTHING, st.integers(1, 3))
def test_an_index_is_made_of_any_summary(found, runs):
    history = cases.history(runs)
    made = index_contents(replace(history, summaries=dict.fromkeys([run.id for run in history.runs], found)))
    assert page(made)


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(FINITE, FINITE)
def test_ticks_are_few_and_lie_within(one, other):
    low, high = sorted((one, other))
    if high - low > max(abs(low), abs(high)) * 1e-6 and high - low < 1e300 and high - low > 1e-290:
        found = ticks(low, high)
        assert 1 <= len(found) <= 7
        padding = (high - low) * 1e-6
        assert all(low - padding <= tick <= high + padding for tick in found)


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=5))
def test_charts_draw_any_finite_numbers(points):
    band = [(x, y, y) for x, y in points]
    assert "NaN" not in lines("t", "d", [Line("a", points, band=band, marked=True)], Axis("x"), Axis("y"))
    assert whiskers("t", "d", [Whisker("a", y, y, x) for x, y in points], Axis("x"), line=0.0)
    edges = sorted({x for x, _ in points} | {0.0, 1.0})
    assert histograms("t", "d", edges, [Bars("a", [0.5] * (len(edges) - 1))], Axis("x"), Axis("y"))


@given(FINITE)
def test_numbers_have_few_characters_and_a_real_minus(value):
    for value_text in (plain(value), exact(value), signed(value), share(value)):
        assert "-" not in value_text.replace("e-", "")
    assert len(plain(value)) <= 22
    assert money(value, "EUR").endswith(" EUR")


@given(st.text())
def test_a_moment_that_is_none_is_given_back(text):
    assert moment(text)
