"""The cloud's child processes: each in a process group of its own, and none outlives the cloud."""

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

from embedded import guardian, launch

LAUNCHER = Path(launch.__file__)
GUARDIAN = Path(guardian.__file__)
GRACE_SECONDS = 2.0


class Child(Protocol):
    """What the group needs of a child; subprocess.Popen has it."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None:
        """The return code, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Waits for its end."""


class ProcessGroup:
    """Spawns children that end with this process, even when it is killed by SIGKILL; thread-safe.

    Two nets: the kernel's parent-death signal for each child (Linux), and a guardian process that kills each child's
    whole process group once this process is gone.
    """

    def __init__(self, directory: Path | None = None) -> None:
        """`directory` holds the children's files; the guardian removes it if this process is killed."""
        self._directory = directory
        self._children: dict[int, Child] = {}
        self._adopted: set[int] = set()
        self._lock = threading.RLock()
        # The parent-death signal comes when the *thread* that forked ends: all forks are left to one lasting thread.
        self._forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forker")
        self._guardian: subprocess.Popen[bytes] | None = None
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
        self._watch(child)
        return child

    def adopt(self, child: Child) -> None:
        """Takes on a process that one of the children has started, as leader of a process group of its own."""
        self._adopted.add(child.pid)
        self._watch(child)

    def stop(self, child: Child, grace: float = GRACE_SECONDS) -> None:
        """Ends one child and its process group: SIGTERM, and SIGKILL after `grace` seconds."""
        _end([child], grace)
        with self._lock:
            self._children.pop(child.pid, None)
            self._tell_guardian(f"-{child.pid}\n")

    def stop_all(self) -> None:
        """Ends all children with their process groups, and the guardian; nothing can be spawned afterwards."""
        self._ending = True
        self._forker.submit(lambda: None).result()  # what was being spawned is spawned now
        with self._lock:
            children = list(self._children.values())
            self._children.clear()
            self._stopped = True
            keeper, self._guardian = self._guardian, None
        # Those that a child has started are reaped by it: it is ended after them.
        for generation in (True, False):
            _end([child for child in children if (child.pid in self._adopted) is generation], GRACE_SECONDS)
        self._forker.shutdown()  # not before: its end would end all children at once
        if keeper is not None and keeper.stdin is not None:
            keeper.stdin.close()
            keeper.wait()

    def _watch(self, child: Child) -> None:
        self._forget_ended()
        with self._lock:
            self._children[child.pid] = child
            self._tell_guardian(f"+{child.pid}\n")

    def _forget_ended(self) -> None:
        with self._lock:
            ended = [pid for pid, child in self._children.items() if child.poll() is not None]
            for pid in ended:
                if not guardian.kill_group(pid, 0):  # a group may outlive its leader: then it stays known
                    del self._children[pid]
                    self._tell_guardian(f"-{pid}\n")

    def _tell_guardian(self, line: str) -> None:
        if self._stopped:
            return
        try:
            if self._guardian is None:
                raise BrokenPipeError
            _write(self._guardian, line)
        except BrokenPipeError:  # none yet, or someone killed it: the next one is told of all
            self._guardian = _start_guardian(self._directory)
            _write(self._guardian, "".join(f"+{pid}\n" for pid in self._children))


def _start_guardian(directory: Path | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(GUARDIAN), *([str(directory)] if directory else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _write(keeper: subprocess.Popen[bytes], line: str) -> None:
    if keeper.stdin is not None:
        keeper.stdin.write(line.encode())
        keeper.stdin.flush()


def _end(children: list[Child], grace: float) -> None:
    groups = [child.pid for child in children if guardian.kill_group(child.pid, signal.SIGTERM)]
    deadline = time.monotonic() + grace
    while groups and time.monotonic() < deadline:
        time.sleep(0.01)
        for child in children:
            child.poll()  # reaps, so that an ended group is seen as ended
        groups = [group for group in groups if guardian.kill_group(group, 0)]
    for group in groups:
        guardian.kill_group(group, signal.SIGKILL)
    for child in children:
        child.wait()
