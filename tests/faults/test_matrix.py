"""The fault matrix names tests that exist and are collected, and docs/reliability.md is what `make faults` wrote."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

from tests.faults.page import PAGE, TESTS, Results, matrix, rendered


def test_every_row_has_tests_that_are_collected() -> None:
    rows = matrix()
    assert len(rows) == 46
    named = {test for row in rows for test in row["tests"]}
    files = sorted({"tests/" + test.split("::")[0] for test in named})
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files],
        cwd=TESTS.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    collected = {line.split("[")[0].removeprefix("tests/") for line in found.stdout.splitlines()}
    assert named <= collected, found.stdout[-500:]


def test_the_page_says_that_every_row_is_as_expected() -> None:
    results = Results()
    results.counts = {test: Counter(passed=1) for row in matrix() for test in row["tests"]}
    assert PAGE.read_text() == rendered(results), "run `make faults`"
