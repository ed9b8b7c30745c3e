"""The `perennial` command: one module per verb, assembled in cli.main."""

import sys

if sys.version_info < (3, 11):  # before anything is imported that an older Python could not even parse
    sys.exit(
        "error: perennial needs Python 3.11 or newer, this is %d.%d (%s); next: python3.11 -m venv .venv"
        % (*sys.version_info[:2], sys.executable)
    )
