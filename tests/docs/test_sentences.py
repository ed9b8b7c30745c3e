"""Docstrings are sentences: none begins with a relative or an interrogative clause, and none asks a question."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
CLAUSE = re.compile(
    r"((from|by|in|on|of|with|to|for) )?((what|who|where|how|when|which)(ever)?|whom|whose|whether|that|why)\b",
    re.IGNORECASE,
)


def begins_with_a_clause(docstring: str) -> bool:
    """True if the first words introduce a clause: 'What', 'Whether', 'From where', 'Whatever'."""
    return CLAUSE.match(docstring.lstrip()) is not None


def is_a_question(docstring: str) -> bool:
    """True if the first sentence ends in a question mark."""
    return re.match(r"[^.`(]*\?(\s|$)", docstring.strip()) is not None


def docstrings(path: Path) -> Iterator[tuple[str, str]]:
    """The place and the text of each docstring of a module, its classes and its functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text is not None:
                yield f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}", text


def test_no_docstring_begins_with_a_clause_or_asks_a_question() -> None:
    found = [(place, text) for name in FILES if (ROOT / name).is_file() for place, text in docstrings(ROOT / name)]
    assert len(found) > 3_000
    wrong = [f"{at}: {text.splitlines()[0]}" for at, text in found if begins_with_a_clause(text) or is_a_question(text)]
    assert not wrong, "Begin with a verb ('Returns ...') or a noun ('The rows ...'):\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    "text", ["What a call needs.", "whether it holds", "From where a metric counts.", "How it is."]
)
def test_clauses_are_found(text: str) -> None:
    assert begins_with_a_clause(text)


@pytest.mark.parametrize("text", ["The rows that hold.", "Whole numbers.", "whylogs: a profile."])
def test_nouns_are_no_clauses(text: str) -> None:
    assert not begins_with_a_clause(text)
