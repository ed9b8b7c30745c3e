"""Errors have one root per package, and the next command is a field of its own."""

import ast
import importlib
from collections.abc import Iterator

import pytest

from cloud import CloudError
from functions import FunctionError
from perennial import PerennialError
from stacks.settings import CODE as ROOT
from stacks.settings import StackError

ROOTS = {"cloud": CloudError, "functions": FunctionError, "stacks": StackError}


def errors(package: str) -> Iterator[type]:
    for path in sorted((ROOT / package).rglob("*.py")):
        names = [node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
        for name in (name for name in names if name.endswith("Error")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("package", ROOTS)
def test_every_error_of_a_package_has_its_root(package: str) -> None:
    found = [kind for kind in errors(package) if kind.__name__ != "StateError"]
    assert found
    assert [kind for kind in found if not issubclass(kind, ROOTS[package])] == []


@pytest.mark.parametrize("package", ["cloud", "functions"])
def test_no_message_has_the_next_command_in_it(package: str) -> None:
    """An error that is raised gives it as `hint`; a note in a run's record is a sentence for people."""
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Raise):
                assert "next: " not in ast.unparse(node), f"{path}:{node.lineno}"


@pytest.mark.parametrize(
    ("error", "printed"),
    [
        (PerennialError("it failed"), "it failed"),
        (PerennialError("it failed", "perennial runs"), "it failed; next: perennial runs"),
        (PerennialError("It failed.", "perennial runs"), "It failed. next: perennial runs"),
    ],
)
def test_an_error_is_printed_with_its_next_command(error: PerennialError, printed: str) -> None:
    assert str(error) == printed
