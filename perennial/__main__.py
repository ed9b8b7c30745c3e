"""The command `perennial`, also as `python -m perennial`: finds the other packages, and runs `cli`."""

from __future__ import annotations

import sys
from importlib import import_module

from perennial import installation


def main() -> None:
    """Runs the command in sys.argv. Our packages go first: in this process nobody else's are wanted."""
    sys.path.insert(0, str(installation.packages()))
    import_module("cli.main").main()


if __name__ == "__main__":
    main()
