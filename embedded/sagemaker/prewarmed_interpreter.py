"""Run as a script: an interpreter that has imported what the image holds, and waits to become a command.

pandas and scikit-learn take one to two seconds to import. A container on AWS waits for its image and its instance
instead; here an interpreter stands by, so that neither a training nor an endpoint waits for imports on this machine.

Usage: python interpreter.py FIFO MODULE [MODULE...]. Imports the modules, then reads one JSON object from the FIFO:
{"args": [python, "-m", MODULE, ...] or [python, SCRIPT, ...], "env": {...}, "cwd": DIRECTORY, "log": FILE}, and goes on
as that command would: with its environment, its import path, its arguments and its log.
"""

import contextlib
import importlib
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Waits, then becomes the command."""
    fifo, modules = sys.argv[1], sys.argv[2:]
    for module in modules:
        with contextlib.suppress(ImportError):  # what is not installed is not stood by for
            importlib.import_module(module)
    Path(fifo).with_suffix(".ready").touch()
    with Path(fifo).open(encoding="utf-8") as words:  # opens as soon as someone writes
        command = json.load(words)
    run_command(command)


def run_command(command: dict[str, Any]) -> None:
    """Run a command of Python's in this process, as a new process would."""
    log = os.open(command["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.chdir(command["cwd"])
    os.environ.clear()
    os.environ.update(command["env"])
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    # sys.path[0] is this script's folder; a new process would have the command's own there, then PYTHONPATH
    added = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    words = command["args"][1:]
    if words[0] == "-m":
        sys.path[:1] = [command["cwd"], *added]
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.path[:1] = [str(Path(words[0]).resolve().parent), *added]
        sys.argv = words
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    main()
