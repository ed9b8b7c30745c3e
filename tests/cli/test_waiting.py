"""A step that takes longer than two seconds is shown with its seconds, on a terminal and elsewhere."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Perennial

PROGRAM = """
import time
from cli.waiting import waiting
with waiting("reading a file"):
    time.sleep(3)
"""


def test_outside_of_a_terminal_a_step_is_a_plain_line_after_two_seconds() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stderr == "reading a file ... 2 s\n"


def test_a_short_step_prints_nothing() -> None:
    short = PROGRAM.replace("sleep(3)", "sleep(0.5)")
    assert subprocess.run([sys.executable, "-c", short], capture_output=True, text=True, check=True).stderr == ""


def test_on_a_terminal_the_seconds_are_counted_in_a_status_line() -> None:
    terminal, other = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], stderr=other, check=True, env={**os.environ, "TERM": "xterm"}
    )
    os.close(other)
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert done.returncode == 0
    assert "reading a file ..." in shown
    assert "reading a file ... 2 s" in shown


def test_up_shows_that_it_synthesizes_and_for_how_long(perennial: Perennial, checkout: Path) -> None:
    (checkout / "app.py").write_text("import time\ntime.sleep(11)\nraise SystemExit('broken')\n")
    made = perennial("up")
    assert made.exit_code == 1
    assert made.stderr.splitlines()[:2] == ["synthesizing the assembly ...", "synthesizing the assembly ... 10 s"]
