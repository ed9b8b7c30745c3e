"""docs/runbook.md has a section for each alarm of the stack and of a model, and for each notice."""

from __future__ import annotations

import ast
import re
from typing import Any, get_args

import pytest

from perennial.layout import ALARMS
from perennial.outcomes import Outcome
from stacks.settings import CODE as ROOT

PAGE = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### ([^\n]+)\n\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
TERMS = {term.strip() for title in SECTIONS for term in title.removeprefix("run: ").split(",")}
GENERAL = {r"(?!Forgetting)\w+Errors": "FunctionErrors", r"Stale\w+": "Stale"}
NOTICED = ("perennial", "functions")


def test_each_alarm_of_the_stack_has_a_section(resources: dict[str, dict[str, Any]]) -> None:
    alarms = [name for name, each in resources.items() if each["Type"] == "AWS::CloudWatch::Alarm"]
    names = {re.sub(r"[0-9A-F]{8}$", "", name).removeprefix("Monitoring") for name in alarms}
    wanted = {next((to for of, to in GENERAL.items() if re.fullmatch(of, name)), name) for name in names}
    assert len(names) > 20
    assert wanted <= TERMS


@pytest.mark.parametrize("kind", ALARMS)
def test_each_alarm_of_a_model_has_a_section(kind: str) -> None:
    assert kind in TERMS


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_each_end_of_a_run_has_a_section(outcome: str) -> None:
    assert outcome in TERMS


def subjects() -> list[str]:
    """The subject of each notice in the code, as it is written there; not those that are made of values alone."""
    found = []
    for path in (path for folder in NOTICED for path in sorted((ROOT / folder).rglob("*.py"))):
        text = path.read_text(encoding="utf-8")
        if "Notice(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            is_assigned = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "subject"
            if is_assigned or (isinstance(node, ast.keyword) and node.arg == "subject"):
                found.append(ast.unparse(node.value))  # type: ignore[arg-type]
    return [each for each in found if re.search("[a-z]{2}", re.sub(r"\{[^}]*\}", "", each)) and each != "subject"]


def test_each_notice_has_a_section() -> None:
    found = [subject for subject in subjects() if not any(term in subject for term in TERMS)]
    assert len(subjects()) > 5
    assert not found


@pytest.mark.parametrize("title", SECTIONS)
def test_a_section_tells_where_to_look_or_what_to_do(title: str) -> None:
    assert re.search(r"```console|As \[", SECTIONS[title])
