"""The cloud's child processes: each has its own process group and ends with the cloud."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from embedded import launch, reaper

LAUNCHER = Path(launch.__file__)
REAPER = Path(reaper.__file__)
GRACE_SECONDS = 2.0


class Child(Protocol):
    """The part of subprocess.Popen that a ProcessGroup uses."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None:
        """The return code, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Waits for its end; returns the return code."""


class ProcessGroup:
    """Spawns children that end with this process, even when it is killed by SIGKILL; thread-safe.

    By the kernel's parent-death signal for each child (Linux), and by a reaper process that kills each child's
    whole process group once this process is gone.
    """

    def __init__(self, directory: Path | None = None) -> None:
        """`directory` holds the children's files; the reaper removes it if this process is killed."""
        self._directory = directory
        self._children: dict[int, Child] = {}
        self._registered: set[int] = set()
        self._lock = threading.RLock()
        # The parent-death signal comes when the *thread* that forked ends: one lasting thread makes all forks.
        self._forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forker")
        self._reaper: subprocess.Popen[bytes] | None = None
        self._ending = False
        self._stopped = False

    def spawn(self, args: Sequence[str], env: Mapping[str, str], cwd: Path, log_path: Path) -> subprocess.Popen[bytes]:
        """Starts a child; raises OSError if it cannot be started or the cloud is ending.

        Args:
            args: the command; args[0] is looked up in PATH of `env`.
            env: the child's whole environment.
            cwd: its working directory.
            log_path: file to which its standard output and error are appended; its directory must exist.
        """
        try:
            if self._ending:
                raise RuntimeError
            spawning = self._forker.submit(self._spawn, list(args), dict(env), cwd, log_path)
        except RuntimeError as error:
            raise OSError("the embedded cloud is ending: no process is started any more") from error
        return spawning.result()

    def _spawn(self, args: list[str], env: dict[str, str], cwd: Path, log_path: Path) -> subprocess.Popen[bytes]:
        launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid())]
        with log_path.open("ab", buffering=0) as log:
            child = subprocess.Popen(
                launcher + args,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._track(child)
        return child

    def register(self, child: Child) -> None:
        """Adds a process that a child has started as leader of its own process group."""
        self._registered.add(child.pid)
        self._track(child)

    def stop(self, child: Child, grace: float = GRACE_SECONDS) -> None:
        """Ends one child and its process group: SIGTERM, and SIGKILL after `grace` seconds."""
        _end([child], grace)
        with self._lock:
            self._children.pop(child.pid, None)
            self._notify_reaper(f"-{child.pid}\n")

    def stop_all(self) -> None:
        """Ends all children with their process groups, and the reaper; nothing can be spawned afterwards."""
        self._ending = True
        self._forker.submit(lambda: None).result()  # spawns under way are finished
        with self._lock:
            children = list(self._children.values())
            self._children.clear()
            self._stopped = True
            reaper_process, self._reaper = self._reaper, None
        # A child reaps the processes that it has started, so it is stopped after them.
        for generation in (True, False):
            _end([child for child in children if (child.pid in self._registered) is generation], GRACE_SECONDS)
        self._forker.shutdown()  # last: its end sends the parent-death signal to all children
        if reaper_process is not None and reaper_process.stdin is not None:
            reaper_process.stdin.close()
            reaper_process.wait()

    def _track(self, child: Child) -> None:
        self._untrack_ended()
        with self._lock:
            self._children[child.pid] = child
            self._notify_reaper(f"+{child.pid}\n")

    def _untrack_ended(self) -> None:
        with self._lock:
            ended = [pid for pid, child in self._children.items() if child.poll() is not None]
            for pid in ended:
                if not reaper.kill_group(pid, 0):  # a group may outlive its leader
                    del self._children[pid]
                    self._notify_reaper(f"-{pid}\n")

    def _notify_reaper(self, line: str) -> None:
        if self._stopped:
            return
        try:
            if self._reaper is None:
                raise BrokenPipeError
            _write(self._reaper, line)
        except BrokenPipeError:  # none yet, or it was killed: a new one gets all groups
            self._reaper = _start_reaper(self._directory)
            _write(self._reaper, "".join(f"+{pid}\n" for pid in self._children))


def _start_reaper(directory: Path | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(REAPER), *([str(directory)] if directory else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _write(reaper_process: subprocess.Popen[bytes], line: str) -> None:
    if reaper_process.stdin is not None:
        reaper_process.stdin.write(line.encode())
        reaper_process.stdin.flush()


def _end(children: list[Child], grace: float) -> None:
    groups = [child.pid for child in children if reaper.kill_group(child.pid, signal.SIGTERM)]
    deadline = time.monotonic() + grace
    while groups and time.monotonic() < deadline:
        time.sleep(0.01)
        for child in children:
            child.poll()  # reaps, so that an ended group is seen as ended
        groups = [group for group in groups if reaper.kill_group(group, 0)]
    for group in groups:
        reaper.kill_group(group, signal.SIGKILL)
    for child in children:
        child.wait()
