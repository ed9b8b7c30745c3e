"""The bench of intervals: eight tables, and the page from the committed results."""

import json

from bench.intervals.__main__ import PAGE, RESULTS, regressions
from bench.intervals.page import page


def test_eight_regression_tables_are_listed() -> None:
    assert len(regressions()) == 8


def test_the_page_is_made_of_the_committed_results() -> None:
    results = json.loads(RESULTS.read_text())
    assert list(results) == sorted(regressions())
    assert PAGE.read_text(encoding="utf-8") == page(results, regressions())


def test_a_coverage_beyond_the_goal_is_told() -> None:
    results = json.loads(RESULTS.read_text())
    for found in results.values():
        for told in found["estimators"].values():
            told["coverage"] = 0.9
    assert page(results, regressions()).count("on 8 of 8 tables: met.") == 2
    results["wage"]["estimators"]["quantile"]["coverage"] = 0.87
    assert "on 7 of 8 tables: not met: 7, asked 8." in page(results, regressions())
