"""Writes docs/reliability.md from the results of the fault matrix: `make faults`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reliability.md"
TEXT = Path(__file__).with_name("reliability.md")


class Results:
    """The outcomes of the tests by their ids without parameters; `missing` are tests that were not collected."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Counts the outcome of a test, and a failure before or after it."""
        if report.when == "call" or report.outcome != "passed":
            name = report.nodeid.split("[")[0]
            self.counts.setdefault(name.removeprefix("tests/"), Counter())[report.outcome] += 1

    def pytest_sessionfinish(self) -> None:
        """Writes the page."""
        PAGE.write_text(rendered(self))

    def outcome(self, tests: list[str]) -> str:
        """The outcome of a row in words."""
        total: Counter[str] = sum((self.counts.get(test, Counter({"not run": 1})) for test in tests), Counter())
        bad = {name: count for name, count in total.items() if name != "passed"}
        return "**broken**: " + ", ".join(f"{count} {name}" for name, count in bad.items()) if bad else "as expected"


def matrix() -> list[dict[str, Any]]:
    """The rows, in order."""
    found: list[dict[str, Any]] = yaml.safe_load((Path(__file__).with_name("matrix.yaml")).read_text())
    return found


def rendered(results: Results) -> str:
    """The page."""
    rows = []
    for number, row in enumerate(matrix(), 1):
        tests = "<br>".join(f"`{test}`" for test in row["tests"])
        rows.append(f"| {number} | {row['fault']} | {row['expect']} | {results.outcome(row['tests'])} | {tests} |")
    return TEXT.read_text().replace("ROWS", "\n".join(rows))
