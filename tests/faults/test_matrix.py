"""The fault matrix names tests that exist and are collected, and docs/reliability.md has its rows."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.faults.page import PAGE, TESTS, matrix


def test_every_row_has_tests_that_are_collected() -> None:
    rows = matrix()
    assert len(rows) == 46
    named = {test for row in rows for test in row["tests"]}
    files = sorted({"tests/" + test.split("::")[0] for test in named})
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider", *files],
        cwd=TESTS.parent, capture_output=True, text=True, check=False,
        env={name: value for name, value in os.environ.items() if name != "WRITE_RELIABILITY"},  # by this session alone
    )  # fmt: skip
    collected = {line.split("[")[0].removeprefix("tests/") for line in found.stdout.splitlines()}
    assert named <= collected, found.stdout[-500:]


@pytest.mark.quick
def test_the_page_has_these_rows_and_none_is_broken() -> None:
    shown = [line.split(" | ") for line in PAGE.read_text().splitlines() if re.match(r"\| \d+ \|", line)]
    assert [[row[1], row[2], row[4].rstrip(" |")] for row in shown] == [
        [row["fault"], row["expect"], "<br>".join(f"`{test}`" for test in row["tests"])] for row in matrix()
    ], "run `make faults`"
    assert not [row for row in shown if row[3] != "as expected"], "run `make faults`"
