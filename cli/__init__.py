"""The `perennial` command: one module per verb, assembled in cli.main."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - sentence before anything is imported that an older Python cannot parse
    found = "%d.%d (%s)" % (sys.version_info[0], sys.version_info[1], sys.executable)  # noqa: UP031
    sys.exit("error: perennial needs Python 3.11 or newer, this is " + found + "; next: python3.11 -m venv .venv")
