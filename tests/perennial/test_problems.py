"""Sentences for notices, ledger and reports hold no value of a row."""

import pytest

from perennial.validation.verdict import CODES, Example, Problem, Verdict

MARKER = "marker-4711"
#: problems whose message is about the file or the counts; no value of a row is in them
OF_FILES = {code for code, scope in CODES.items() if scope == "file"} - {"header"}
OF_COUNTS = {
    "card-unreadable", "card-origin", "card-licence", "card-lawful-basis", "card-retention",
    "no-rows", "over-tolerance", "too-few-rows", "too-many-rows", "volume", "stale",
}  # fmt: skip


@pytest.mark.parametrize("code", sorted(CODES.keys() - OF_FILES - OF_COUNTS))
def test_a_problem_of_values_is_told_without_them(code: str) -> None:
    problem = Problem(code, f"city is '{MARKER}'", "city", 7, 3, (Example(7, MARKER),))
    verdict = Verdict(False, 9, 0, 9, 3, problems=(problem,)).without_values()
    assert MARKER not in str(verdict.as_dict())
    assert MARKER not in verdict.sentence
    assert "city" in verdict.sentence or code == "header"
