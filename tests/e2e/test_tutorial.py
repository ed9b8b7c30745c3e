"""docs/tutorial.md and docs/notebook.ipynb: every command and every cell, in their order, in one folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"


def script() -> str:
    """The commands of the page as a script of bash; each is named before it runs."""
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    commands = [command for block in blocks for command in re.split(r"^\$ ", block, flags=re.MULTILINE) if command]
    named = [f"echo '# {command.split()[0]} {command.split()[1]}'\n{command}" for command in commands]
    return "set -eo pipefail\n" + "\n".join(named)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, str]]]:
    """A place for the folder, and the variables: `perennial` and `python` are those of this environment."""
    where = tmp_path_factory.mktemp("tutorial")
    commands = where / "bin"
    commands.mkdir()
    for name, words in (("python", ""), ("perennial", " -m perennial")):
        (commands / name).write_text(f'#!/bin/sh\nexec "{sys.executable}"{words} "$@"\n')
        (commands / name).chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"PATH": f"{commands}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(where)}
    yield where, environment
    subprocess.run(["perennial", "down"], cwd=where / "mine", env=environment, check=False, capture_output=True)


@pytest.mark.slow
def test_each_command_of_the_tutorial_succeeds(folder: tuple[Path, dict[str, str]]) -> None:
    where, environment = folder
    done = subprocess.run(
        ["bash", "-c", script()], cwd=where, env=environment, capture_output=True, text=True, check=False, timeout=1800
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "promoted  tumours@" in done.stdout
    assert "sample,label,probability" in done.stdout
    assert "'probability':" in done.stdout
    answers = (where / "mine" / "answers.csv").read_text().splitlines()
    assert answers[0].startswith("sample,mean radius,")
    assert len(answers) == 6


@pytest.mark.slow
def test_each_cell_of_the_notebook_gives_what_is_kept(
    folder: tuple[Path, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    where, environment = folder
    place = where / "mine"
    subprocess.run(["perennial", "up", "--detach"], cwd=place, env=environment, check=True, capture_output=True)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("HOME", str(where))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    kept = [[output.output_type for output in cell.get("outputs", ())] for cell in notebook.cells]
    NotebookClient(notebook, timeout=900, resources={"metadata": {"path": str(place)}}).execute()
    if os.environ.get("PERENNIAL_WRITE_NOTEBOOK"):
        for cell in notebook.cells:
            cell.metadata.pop("execution", None)  # times
        nbformat.write(notebook, NOTEBOOK)
        return
    assert [[output.output_type for output in cell.get("outputs", ())] for cell in notebook.cells] == kept
    decision = next(cell for cell in notebook.cells if "decision\n" in cell.source + "\n" and cell.outputs)
    assert "roc_auc" in decision.outputs[-1].data["text/html"]
