"""Measurement of a process: wall and CPU seconds, its own in-process seconds, and its peak memory.

This module imports little, as must every module that starts measured processes: the kernel reports a child's peak that
is never below its parent's.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from bench.work import Task

ROOT = Path(__file__).resolve().parent.parent
_PAGE = os.sysconf("SC_PAGE_SIZE")


class RunError(RuntimeError):
    """A measured process failed; the message has the command and the end of its output."""


@dataclass(frozen=True)
class Run:
    """One run. Seconds and bytes; `seconds` is the in-process time, `result` the script's result."""

    wall: float
    cpu: float
    peak: int
    seconds: float = 0.0
    result: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Bounds:
    """The bounds of a process; `tree` counts its descendants' memory too, which a JVM needs."""

    seconds: float = 1_800.0
    peak: int | None = None
    tree: bool = False


def measure(command: Sequence[str], task: Task, bounds: Bounds = Bounds()) -> Run:
    """Runs `command TASK`. Raises RunError if it fails or exceeds its bounds of time or memory."""
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as scratch:
        answer = Path(scratch) / "answer.json"
        task = replace(task, answer=answer, out=Path(scratch) / "out")
        run = watch([*command, task.as_json()], bounds)
        told = json.loads(answer.read_text())
        return replace(run, seconds=told["seconds"], result=told["result"])


def watch(command: Sequence[str], bounds: Bounds = Bounds()) -> Run:
    """Runs a command to its end, within its bounds. Raises RunError."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore", "PYTHONDONTWRITEBYTECODE": ""}
    with tempfile.TemporaryFile() as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
        watcher = _Watcher(process.pid, bounds)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        watcher.ended.set()
        watcher.join()
        peak = max(usage.ru_maxrss * 1024, watcher.peak)
        if bounds.peak and peak > bounds.peak:
            watcher.reason = watcher.reason or f"its peak was {peak / 1e9:.2f} GB, {bounds.peak / 1e9:.2f} are allowed"
        if process.returncode or watcher.reason:
            output.seek(0)
            end = output.read().decode(errors="replace").strip().splitlines()[-15:]
            raise RunError("\n".join([" ".join(command[:3]) + f": {watcher.reason or process.returncode}", *end]))
    return Run(wall, usage.ru_utime + usage.ru_stime, peak)


class _Watcher(threading.Thread):
    """Samples a process every 20 ms if memory is bounded or a whole tree counts; kills it if it exceeds its bounds.

    The kernel's high-water mark at the end includes peaks between two samples.
    """

    def __init__(self, pid: int, bounds: Bounds) -> None:
        super().__init__(daemon=True)
        self.pid, self.bounds = pid, bounds
        self.ended, self.peak, self.reason = threading.Event(), 0, ""

    def run(self) -> None:
        deadline = time.monotonic() + self.bounds.seconds
        pause = 0.02 if self.bounds.peak or self.bounds.tree else 0.5
        while not self.ended.wait(pause):
            held = _resident(self.pid) + (sum(map(_resident, descendants(self.pid))) if self.bounds.tree else 0)
            self.peak = max(self.peak, held)
            if self.bounds.peak and held > self.bounds.peak:
                self._kill(f"it held {held / 1e9:.2f} GB, {self.bounds.peak / 1e9:.2f} are allowed")
            elif time.monotonic() > deadline:
                self._kill(f"it took longer than {self.bounds.seconds:.0f} s")

    def _kill(self, reason: str) -> None:
        self.reason = reason
        self.ended.set()
        for pid in (*descendants(self.pid), self.pid):
            try:
                os.kill(pid, 9)
            except ProcessLookupError:  # it ended
                continue


def descendants(pid: int) -> list[int]:
    """The child processes of a process, and theirs."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                found += [int(child), *descendants(int(child))]
    except OSError:  # it ended meanwhile
        pass
    return found


def _resident(pid: int) -> int:
    """The resident bytes of a process, mapped files included."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def own_peak() -> int:
    """The peak bytes of the measuring process: no child's reported peak is below it."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
