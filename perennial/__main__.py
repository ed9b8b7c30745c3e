"""The command `perennial`, also as `python -m perennial`: finds the other packages, and runs `cli`."""

from __future__ import annotations

import sys
from importlib import import_module

from perennial import installation

INTERRUPTED = 130  # as cli.main has it


def main() -> None:
    """Runs the command in sys.argv. Our packages go first: in this process nobody else's are wanted."""
    sys.path.insert(0, str(installation.packages()))
    try:
        command = import_module("cli.main")
    except KeyboardInterrupt:  # the imports take a moment
        sys.exit(INTERRUPTED)
    command.main()


if __name__ == "__main__":
    main()
