"""Each command that a message or a page tells people to type exists, with these options and as many arguments."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.main import app

ROOT = Path(__file__).parents[2]
CODE = ("cli", "cloud", "embedded", "functions", "perennial", "stacks", "training")
VERBS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
COMMAND = re.compile(r"\bperennial ((?:[a-z]+)\b[^\n;`]*)")
# A placeholder of a message (X stands for a value), or of a page.
PLACEHOLDER = re.compile(r"[A-Z][A-Z_]*|<[a-z]+>|\$[A-Z]+")
END = "'\".,:;)]}"


def texts() -> Iterator[tuple[str, str]]:
    """Each text of the code, X in the place of a value, and each page, with its place."""
    for path in (path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.JoinedStr):
                yield place, "".join(str(p.value) if isinstance(p, ast.Constant) else "X" for p in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield place, node.value
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", text


def faults(command: str) -> list[str]:
    """The options and arguments of a command that its verb does not have."""
    verb, *words = re.split(r"[#|]|\bperennial\b", command)[0].split()
    if verb not in VERBS:
        return []
    options, most = {"-h", "--help"}, 0
    for each in VERBS[verb].params:
        if each.param_type_name == "option":
            options |= {*each.opts, *each.secondary_opts}
        else:
            most += each.nargs if each.nargs > 0 else 99
    found = [word for word in words if re.match(r"--?[a-z]", word) and word.rstrip(END).split("=")[0] not in options]
    arguments = 0
    for word in words:
        if not PLACEHOLDER.fullmatch(word.rstrip(END)):
            break
        arguments += 1
        if word[-1] in END:
            break
    return [*found, *words[most:arguments]]


def test_commands_in_messages_and_pages_exist() -> None:
    found = [(place, match[0][:80], wrong) for place, text in texts() for match in COMMAND.finditer(text)
             if (wrong := faults(match[1]))]  # fmt: skip
    assert not found


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("runs X", ["X"]), ("runs --model X", []), ("explain RUN --everything", ["--everything"]),
        ("compare A B", []), ("compare A B C", ["C"]), ("is a word of a sentence", []),
    ],
)  # fmt: skip
def test_a_wrong_command_is_found(command: str, wrong: list[str]) -> None:
    assert faults(command) == wrong
