"""The bench of drafts and models: its list, its scores, and the page from the committed results."""

import json

import numpy as np
import pytest

from bench.models.page import judge, page
from bench.models.run import PAGE, RESULTS
from bench.models.scores import scores
from bench.models.tables import tables


def test_twelve_tables_of_three_problems_are_listed_with_what_an_expert_would_choose() -> None:
    known = tables()
    assert len(known) == 12
    assert {table.problem for table in known.values()} == {"binary", "multiclass", "regression"}
    assert len({table.kind for table in known.values()}) == 12
    assert len({table.package for table in known.values()}) >= 6


def test_the_page_is_made_of_the_committed_results() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(json.loads(RESULTS.read_text()))


def test_a_model_that_is_surely_worse_is_told_from_one_that_is_not() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(size=400)
    good, same, bad = truth + rng.normal(0, 0.3, 400), truth + rng.normal(0, 0.3, 400), rng.normal(size=400)
    found = scores(truth, {"ours": good, "five_lines": same, "skrub": bad}, np.array([]), "regression")
    assert found["against"]["five_lines"]["low"] < 0 < found["against"]["five_lines"]["high"]
    assert found["against"]["skrub"]["low"] > 0
    assert found["scores"]["ours"] == pytest.approx(1 - np.var(truth - good) / np.var(truth), abs=0.01)


def test_a_draft_that_an_expert_would_not_choose_is_a_fault() -> None:
    table = tables()["wage"]
    draft = {"problem": "multiclass", "features": ["region", "logwage"], "leakage": [], "key": []}
    against = {"five_lines": {"low": -0.2, "high": -0.1}}
    faults = judge(table, {"draft": draft, "scores": {"against": against}})
    assert faults == [
        "problem multiclass, not regression",
        "features: 'region'",
        "leaks not named: logwage",
        "the default worse than the five lines",
    ]
