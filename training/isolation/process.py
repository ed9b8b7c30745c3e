"""The process of an estimator: its environment, its user and its folder.

Where the job runs as root, as in SageMaker's container, and everybody may read Python and the code, the process runs as
another user, and the job's folders are closed to it. Elsewhere it runs as the same user, whose files it can reach.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path

NOBODY = 65534
_KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", "OPENBLAS_NUM_THREADS", "PYTHONDONTWRITEBYTECODE")


def start(
    arguments: Sequence[str], folder: Path, paths: Sequence[str], pipes: Sequence[int] = (), **output: int
) -> subprocess.Popen[bytes]:
    """Starts Python with these arguments, in its own session, with `folder` to write to.

    `paths`: the module search path. `pipes`: inherited file descriptors. `output`: stdout and stderr.
    """
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | {
        "HOME": str(folder), "TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    user = other_user([Path(path) for path in paths if path])
    own: dict[str, object] = {}
    if user is not None:
        os.chown(folder, user, user)
        own = {"user": user, "group": user, "extra_groups": []}
    started: subprocess.Popen[bytes] = subprocess.Popen(
        [sys.executable, "-P", *arguments], cwd=folder, env=environment, pass_fds=pipes, start_new_session=True,
        **own, **output,  # type: ignore[call-overload]
    )  # fmt: skip
    return started


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a process, and those that it started in its session."""
    with contextlib.suppress(OSError):  # it ended
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def close(folders: Iterable[Path], code: Path) -> None:
    """Closes the job's folders to the other user, where there is one who can read the code."""
    if other_user([code]) is not None:
        for folder in folders:
            with contextlib.suppress(OSError):  # absent, or a read-only mount
                folder.chmod(0o700)


def share(folder: Path) -> None:
    """Lets the other user, where there is one, read a folder with all that is in it now."""
    if os.geteuid() == 0:
        for place, _, names in os.walk(folder):
            Path(place).chmod(0o755)
            for name in names:
                (Path(place) / name).chmod(0o644)


def other_user(paths: Iterable[Path]) -> int | None:
    """The user of the process, if the job may choose another one who can read Python and these paths."""
    if os.geteuid() != 0:
        return None
    python = [Path(sys.executable), Path(sys.executable).resolve(), *map(Path, sysconfig.get_paths().values())]
    return NOBODY if all(_is_open(path) for path in (*python, *paths) if path.exists()) else None


def _is_open(path: Path) -> bool:
    """Everybody may read it and pass through the folders above."""
    needed = 0o005 if path.is_dir() else 0o004
    return path.stat().st_mode & needed == needed and all(
        above.stat().st_mode & 0o001 for above in path.resolve().parents
    )
