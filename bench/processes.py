"""One measured process: wall and CPU seconds of the whole, the in-process seconds it tells, its peak of memory.

This module imports little, and so must whoever starts measured processes: a child's peak, as the kernel counts it,
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
    """A measured process failed; says which, and the end of what it said."""


@dataclass(frozen=True)
class Run:
    """One run. Seconds and bytes; `seconds` is the in-process time, `result` what the script found."""

    wall: float
    cpu: float
    peak: int
    seconds: float = 0.0
    result: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Bounds:
    """What a process may use; `tree` counts its descendants' memory too, as a JVM needs."""

    seconds: float = 1_800.0
    peak: int | None = None
    tree: bool = False


def measure(command: Sequence[str], task: Task, bounds: Bounds = Bounds()) -> Run:
    """Runs `command TASK`. Raises RunError when it fails, takes too long or holds more memory than it may."""
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as scratch:
        answer = Path(scratch) / "answer.json"
        task = replace(task, answer=answer, out=Path(scratch) / "out")
        run = watch([*command, task.as_json()], bounds)
        told = json.loads(answer.read_text())
        return replace(run, seconds=told["seconds"], result=told["result"])


def watch(command: Sequence[str], bounds: Bounds = Bounds()) -> Run:
    """Runs a command to its end, under its bounds. Raises RunError."""
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
    """Looks at a process every 20 ms, where memory is bounded or a whole tree counts; kills what exceeds its bounds.

    What happens between two looks is still told by the kernel's high-water mark at the end.
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
            except ProcessLookupError:  # it ended by itself
                continue


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and theirs."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                found += [int(child), *descendants(int(child))]
    except OSError:  # it ended in between
        pass
    return found


def _resident(pid: int) -> int:
    """Bytes of memory that a process holds now, files mapped into it included."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


def own_peak() -> int:
    """Bytes that the measuring process itself has held: no child's peak is told below it."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
