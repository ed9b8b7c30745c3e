"""The built wheel in an empty environment, with nothing of the checkout on the path. `make test-wheel` runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
Run = Callable[..., "subprocess.CompletedProcess[str]"]
PYTHON_API = """
from perennial.client import Platform
platform = Platform()
print(platform)
print(len(platform.predict("rows.csv", "flights")))
"""

pytestmark = pytest.mark.skipif(not os.environ.get("PERENNIAL_WHEEL"), reason="make test-wheel runs this")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def bin(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The commands of an environment that holds the wheel and what it needs, in the locked versions."""
    folder = tmp_path_factory.mktemp("empty") / ".venv"
    uv = [str(Path(sys.executable).with_name("uv"))]
    subprocess.run([*uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True, timeout=120)
    install = [*uv, "pip", "install", "-q", "--python", str(folder / "bin" / "python")]
    subprocess.run(
        [*install, "pip", "--constraint", str(ROOT / "requirements.txt"), str(wheel)], check=True, timeout=600
    )
    return folder / "bin"


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory, bin: Path) -> Iterator[Run]:
    """Runs a command in a folder that `perennial new` made, with no variable of ours."""
    where = tmp_path_factory.mktemp("team")
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PERENNIAL_", "PYTHON", "PYTEST", "COVERAGE"))
    }
    environment |= {"VIRTUAL_ENV": str(bin.parent), "HOME": str(where)}
    environment["PATH"] = f"{bin}:/usr/bin:/bin"

    def run(*words: str, folder: Path = where / "mine") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
        )

    made = run("perennial", "new", "mine", folder=where)
    assert made.returncode == 0, made.stderr
    yield run
    run("perennial", "down")


def test_perennial_is_the_only_name_in_site_packages(bin: Path, wheel: Path) -> None:
    (package,) = bin.parent.glob("lib/python3*/site-packages/perennial")
    for name in ("cli", "cloud", "functions", "stacks", "training", "embedded", "awsrules", "examples", "models"):
        assert not (package.parent / name).exists(), name
        assert (package / "_platform" / name).is_dir(), name


def test_the_two_commands_of_a_new_folder_succeed(mine: Run) -> None:
    tested = mine("make", "test")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    shown = mine("make", "demo")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "promoted" in shown.stdout


def test_an_upload_becomes_a_model_that_predicts(mine: Run, tmp_path: Path) -> None:
    up = mine("perennial", "up", "--detach")
    assert up.returncode == 0, up.stderr
    rows = "from examples.flights import month, read; import sys; month(read([1]), 1).write_csv(sys.argv[1])"
    data = tmp_path / "january.csv"
    subprocess.run([sys.executable, "-c", rows, str(data)], cwd=ROOT, check=True, timeout=120)
    done = mine("perennial", "upload", str(data), "--model", "flights", "--wait", "--json")
    assert json.loads(done.stdout)["outcome"] == "promoted", done.stdout + done.stderr
    few = Path(mine("pwd").stdout.strip()) / "rows.csv"
    few.write_text("".join(data.read_text().splitlines(keepends=True)[:4]))
    answered = mine("perennial", "predict", "rows.csv", "--model", "flights")
    assert answered.stdout.splitlines()[0] == "time_hour,carrier,flight,label,probability", answered.stderr
    assert len(answered.stdout.splitlines()) == 4
    called = mine("python", "-c", PYTHON_API)
    assert called.stdout.splitlines() == ["Platform('perennial', models: flights)", "3"], called.stderr
