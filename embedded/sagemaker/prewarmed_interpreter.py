"""A prewarmed interpreter, run as a script: imports the image's packages and waits for a command to run.

pandas and scikit-learn take one to two seconds to import. Training jobs and endpoints take over a prewarmed
interpreter instead.

Usage: python interpreter.py FIFO MODULE [MODULE...]. Imports the modules, then reads one JSON object from the FIFO:
{"args": [python, "-m", MODULE, ...] or [python, SCRIPT, ...], "env": {...}, "cwd": DIRECTORY, "log": FILE}, and runs
the command with its environment, import path, arguments and log.
"""

import contextlib
import importlib
import io
import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Waits for a command and runs it."""
    fifo, modules = sys.argv[1], sys.argv[2:]
    for module in modules:
        with contextlib.suppress(ImportError):  # not installed
            importlib.import_module(module)
    # Opened for both ends, so that opening does not wait for the writer: once the file is there, the FIFO is read.
    with os.fdopen(os.open(fifo, os.O_RDWR), "rb", buffering=0) as commands:
        Path(fifo).with_suffix(".ready").touch()
        command = json.loads(_line(commands))
    run_command(command)


def _line(source: io.RawIOBase) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        line += source.read(1 << 16) or b""
    return line


def run_command(command: dict[str, Any]) -> None:
    """Runs a Python command in this process as a new process would."""
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
