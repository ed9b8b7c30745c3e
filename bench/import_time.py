"""Seconds to import a module in a fresh process: `python -m bench.import_time TASK`, the work being the module's name.

Standard library only, because it runs in the peers' environments as well.
"""

from __future__ import annotations

import importlib
import sys

from bench.work import Task, perform


def main() -> None:
    """Imports the module that the task names."""
    name = Task.from_json(sys.argv[1]).work
    perform({name: lambda _task: {"file": str(importlib.import_module(name).__name__)}})


if __name__ == "__main__":
    main()
