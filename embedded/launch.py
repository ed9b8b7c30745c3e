"""A script that starts each child: sets the kernel's parent-death signal, then executes the command.

Usage: python -I -S launch.py PARENT_PID COMMAND [ARGUMENT...]. Only the standard library, for a start of about 10 ms.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Executes the command in this process."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # the parent ended before the signal was set
            sys.exit(0)
    os.execvpe(command[0], command, os.environ)  # noqa: S606 - the whole purpose


if __name__ == "__main__":
    main()
