"""The keys of objects in S3 are written in perennial/layout.py and nowhere else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from perennial import layout
from stacks.settings import CODE as ROOT

NAMED = re.compile(r"\w\.(json|parquet|gz|manifest)$")
NAMES = sorted(value for value in vars(layout).values() if isinstance(value, str) and NAMED.search(value))
FOLDERS = (
    "incoming scratch datasets parts keys repeated quarantine grids specs runs plan versions reports cards capture "
    "watch batch sources"
)
STRAY = re.compile(rf"(^|/)({'|'.join(map(re.escape, NAMES))})$|^/?({'|'.join(FOLDERS.split())})/")


def literals(tree: ast.AST) -> Iterator[ast.Constant]:
    """The string literals of a module, without its docstrings."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node


def strays(path: Path) -> list[str]:
    found = literals(ast.parse(path.read_text()))
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.value!r}" for node in found if STRAY.search(str(node.value))
    ]


@pytest.mark.parametrize("package", ["perennial", "cloud", "functions", "cli"])
def test_no_key_is_written_outside_the_layout(package: str) -> None:
    paths = [path for path in (ROOT / package).rglob("*.py") if path != ROOT / "perennial" / "layout.py"]
    assert [stray for path in sorted(paths) for stray in strays(path)] == []


def test_the_check_finds_what_it_is_for() -> None:
    for text in ('folder + "verdict.json"', 'f"{x}parts/"', '"plan/plan.json"', 'f"watch/{x}/y"', '"/rows.parquet"'):
        assert any(STRAY.search(str(node.value)) for node in literals(ast.parse(f"key = {text}"))), text
