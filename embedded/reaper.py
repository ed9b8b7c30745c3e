"""A script beside the cloud: kills the process groups given to it once the cloud has ended, even by SIGKILL.

Usage: python -I -S reaper.py [DIRECTORY], with lines "+PGID" and "-PGID" on standard input. The end of the input is
the cloud's end; then it also removes DIRECTORY, the cloud's temporary files.
The kernel's parent-death signal (launch.py) reaches children; this also reaches their children, and works on macOS.
"""

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 1.0


def kill_group(group: int, with_signal: int) -> bool:
    """Sends the signal to the process group; False when the group is empty."""
    try:
        os.killpg(group, with_signal)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def read_groups(lines: Iterable[str]) -> set[int]:
    """The groups that are alive when the lines end."""
    groups: set[int] = set()
    for line in lines:
        change = groups.add if line.startswith("+") else groups.discard
        change(int(line[1:]))
    return groups


def main() -> None:
    """Waits for the end of the input, then ends the groups: SIGTERM first, SIGKILL after a second."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)  # only the end of the input ends the reaper
    groups = {group for group in read_groups(sys.stdin) if kill_group(group, signal.SIGTERM)}
    deadline = time.monotonic() + GRACE_SECONDS
    while groups and time.monotonic() < deadline:
        time.sleep(0.05)
        groups = {group for group in groups if kill_group(group, 0)}
    for group in groups:
        kill_group(group, signal.SIGKILL)
    for directory in sys.argv[1:]:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
