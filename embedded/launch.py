"""Run as a script in front of each child: asks the kernel to end the child with its parent, then becomes the command.

Usage: python -I -S launch.py PARENT_PID COMMAND [ARGUMENT...]. Only the standard library, for a start of about 10 ms.
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Becomes the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the kernel was asked
            sys.exit(0)
    os.execvpe(command[0], command, os.environ)  # noqa: S606 - the whole purpose


if __name__ == "__main__":
    main()
