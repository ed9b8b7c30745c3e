"""A process in a prewarmed interpreter behaves as a new one."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.context import Context
from embedded.processes import ProcessGroup
from embedded.sagemaker.prewarmed import PrewarmedInterpreter

PROBE = """
import json, os, sys
print(json.dumps({"argv": sys.argv, "cwd": os.getcwd(), "env": dict(os.environ), "name": __name__, "path": sys.path[:3],
                  "bytecode": sys.dont_write_bytecode}))
"""


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    """A cloud's context with processes only."""
    processes = ProcessGroup()
    yield Context(speed=1.0, workdir=tmp_path, processes=processes)
    processes.stop_all()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a probe, as a script and as a module."""
    folder = tmp_path / "place"
    folder.mkdir()
    (folder / "probe.py").write_text(PROBE)
    return folder


def run(prewarmed: PrewarmedInterpreter, args: list[str], env: dict[str, str], place: Path) -> dict:
    """The probe's facts about its process."""
    log = place / "log"
    log.unlink(missing_ok=True)
    process = prewarmed.spawn([sys.executable, *args], env, place, log)
    assert process.wait(timeout=30) == 0, log.read_text()
    return json.loads(log.read_text())


def is_ready(prewarmed: PrewarmedInterpreter) -> bool:
    """Waits until the interpreter listens, which it says by a file."""
    prepared = prewarmed._prepared
    assert prepared is not None
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if prepared[1].with_suffix(".ready").exists():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("args", [["probe.py", "--a", "1"], ["-m", "probe", "x y"]])
def test_it_has_the_environment_arguments_folder_and_path_of_a_new_process(context, place, args):
    env = {"PATH": "/usr/bin", "PYTHONPATH": "/somewhere:/else", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    prewarmed = PrewarmedInterpreter(context, ("json",), {"OMP_NUM_THREADS": "1"})
    cold = run(prewarmed, args, env, place)
    prewarmed.prepare()
    assert is_ready(prewarmed)
    prepared = prewarmed._prepared
    warm = run(prewarmed, args, env, place)
    assert prepared is not None
    assert prepared[0].poll() is not None, "the prepared process was the one that ran"
    cold["env"].pop("LC_CTYPE", None)
    assert warm == cold


def test_a_process_that_wants_other_threads_is_started_anew(context, place):
    prewarmed = PrewarmedInterpreter(context, ("json",), {"OMP_NUM_THREADS": "1"})
    prewarmed.prepare()
    assert is_ready(prewarmed)
    prepared = prewarmed._prepared
    assert run(prewarmed, ["probe.py"], {"PATH": "/usr/bin"}, place)["argv"] == ["probe.py"]
    assert prepared is not None
    assert prepared[0].poll() is None


def test_one_that_was_ended_meanwhile_is_not_waited_for(context, place):
    prewarmed = PrewarmedInterpreter(context, ("json",))
    prewarmed.prepare()
    prepared = prewarmed._prepared
    assert prepared is not None
    prepared[0].kill()
    prepared[0].wait()
    assert run(prewarmed, ["probe.py"], {"PATH": "/usr/bin"}, place)["name"] == "__main__"


def test_a_module_that_is_not_installed_is_not_stood_by_for(context, place):
    prewarmed = PrewarmedInterpreter(context, ("no_such_module", "json"))
    prewarmed.prepare()
    assert is_ready(prewarmed)
    assert run(prewarmed, ["probe.py"], {"PATH": "/usr/bin"}, place)["name"] == "__main__"
    assert isinstance(prewarmed.spawn([sys.executable, "probe.py"], {}, place, place / "log"), subprocess.Popen)
