"""Imports moto's interpreter of the States Language without EC2, which takes two fifths of the whole cloud's start.

The interpreter wants one enumeration of moto's Batch, and Batch imports EC2 with its catalogue of instances. While the
interpreter is imported, a module with just that enumeration stands for Batch; afterwards the real one can be imported.
"""

import enum
import importlib
import sys
from types import ModuleType

INTERPRETER = "moto.stepfunctions.parser.models"
_BATCH = ("moto.batch", "moto.batch.utils")


class JobStatus(enum.StrEnum):
    """The states of a job of AWS Batch that end a `.sync` task."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


def load() -> None:
    """Imports the interpreter; does nothing if it, or Batch, has been imported already."""
    if INTERPRETER in sys.modules or any(name in sys.modules for name in _BATCH):
        return
    package, module = (ModuleType(name) for name in _BATCH)
    package.__path__ = []
    module.JobStatus = JobStatus  # type: ignore[attr-defined]
    sys.modules |= dict(zip(_BATCH, (package, module), strict=True))
    try:
        importlib.import_module(INTERPRETER)
    finally:
        for name in _BATCH:
            del sys.modules[name]


load()  # by being imported, for it must come before what imports moto at its top
