"""Reports are made of JSON that others wrote: whatever it is, there is a page."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.reports import card_contents, index_contents, page, run_contents, summary, twin
from perennial.reports.charts import Axis, Bars, Line, Whisker, lines, steps, whiskers
from perennial.reports.charts.scale import ticks
from perennial.reports.numerals import exact, figure, moment, money, share, signed
from tests.perennial.reports import cases

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
    "drift": dict(cases.dossier("promoted").drift or {}),
    "spec": dict(cases.dossier("promoted").spec),
}


@st.composite
def damaged(draw: st.DrawFn, whole: dict[str, Any]) -> Any:
    """JSON in which one or two members, however deep, are something else."""
    found: Any = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 2))):
        place, depth = found, draw(st.integers(1, 6))
        for _ in range(depth):
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            inner = place[key]
            if not isinstance(inner, dict | list) or depth == 1:
                place[key] = draw(ANYTHING)
                break
            place = inner
    return found


@settings(max_examples=60)
@given(st.sampled_from(sorted(PARTS)).flatmap(lambda name: st.tuples(st.just(name), damaged(PARTS[name]))))
def test_a_report_is_made_of_damaged_json_too(case):
    name, found = case
    dossier = replace(cases.dossier("refused"), **{name: found})
    made = run_contents(dossier)
    assert "<h1>" in page(made)
    assert twin(made)
    assert page(card_contents(dossier, cases.version()))
    assert summary(dossier)["run"] == dossier.run.id


@given(st.sampled_from(["evaluation", "decision", "verdict", "drift", "spec"]), ANYTHING)
def test_a_report_is_made_of_anything(name, found):
    assert "<h1>" in page(run_contents(replace(cases.dossier("refused"), **{name: found})))


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
        air = (high - low) * 1e-6
        assert all(low - air <= tick <= high + air for tick in found)


@given(st.lists(st.tuples(FINITE, FINITE), min_size=1, max_size=5))
def test_charts_draw_any_finite_numbers(points):
    band = [(x, y, y) for x, y in points]
    assert "NaN" not in lines("t", "d", [Line("a", points, band=band, marked=True)], Axis("x"), Axis("y"))
    assert whiskers("t", "d", [Whisker("a", y, y, x) for x, y in points], Axis("x"), line=0.0)
    edges = sorted({x for x, _ in points} | {0.0, 1.0})
    assert steps("t", "d", edges, [Bars("a", [0.5] * (len(edges) - 1))], Axis("x"), Axis("y"))


@given(FINITE)
def test_numbers_have_few_characters_and_a_real_minus(value):
    for said in (figure(value), exact(value), signed(value), share(value)):
        assert "-" not in said.replace("e-", "")
    assert len(figure(value)) <= 22
    assert money(value, "EUR").endswith(" EUR")


@given(st.text())
def test_a_moment_that_is_none_is_given_back(text):
    assert moment(text)
