"""The command as a whole: exit codes, errors in one line, current documentation."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cli import reference
from cli.main import VERBS, as_command_error
from perennial.spec import parse
from tests.cli.conftest import Perennial

ROOT = Path(__file__).resolve().parents[2]


def test_the_reference_is_fresh() -> None:
    assert reference.PATH.read_text(encoding="utf-8") == reference.text(), "run: python -m cli.reference"


def test_the_schema_that_editors_read_is_fresh(perennial: Perennial) -> None:
    printed = perennial("schema").stdout
    assert json.loads(printed)["title"]
    assert (ROOT / "models.schema.json").read_text(encoding="utf-8") == printed, "run: python -m cli schema --write"


def test_the_schema_can_be_written(perennial: Perennial, checkout: Path) -> None:
    assert perennial("schema", "--write").exit_code == 0
    assert json.loads((checkout / "models.schema.json").read_text())


def test_every_verb_has_help(perennial: Perennial) -> None:
    for verb in VERBS:
        assert perennial(verb.__name__, "--help").exit_code == 0


@pytest.mark.parametrize("words", [["nope"], ["init"], ["check", "--frobnicate"], ["up", "--port", "99999"]])
def test_wrong_usage_is_exit_code_2(words: list[str], perennial: Perennial) -> None:
    result = perennial(*words)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "words", [["runs"], ["models"], ["lineage", "m@0123456789ab"], ["explain", "run-m-0123456789ab"]]
)
def test_a_missing_cloud_is_one_clear_line(
    words: list[str], perennial: Perennial, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "ACCESS_KEY_ID": "x",
        "SECRET_ACCESS_KEY": "x",
        "REGION": "us-east-1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    done = subprocess.run([sys.executable, "-m", "cli", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert "perennial up --detach" in done.stderr


def test_an_id_that_is_none_is_told_so_before_a_cloud_is_asked(perennial: Perennial) -> None:
    result = perennial("explain", "nonsense")
    assert result.exit_code == 2
    assert "'nonsense' is no id" in result.stderr


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    assert as_command_error(KeyError("x")) is None
    assert as_command_error(AssertionError()) is None


def test_an_older_python_is_told_which_one_is_needed() -> None:
    code = "import sys; sys.version_info = (3, 9, 1); import cli"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer, this is 3.9" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_specs_that_ship_are_valid() -> None:
    for name in ("flights", "airtime"):
        assert parse((ROOT / "models" / f"{name}.yaml").read_text(encoding="utf-8")).name == name
