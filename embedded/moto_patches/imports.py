"""Imports parts of moto without EC2, whose catalogue of instances takes half of the whole cloud's start.

Step Functions' interpreter wants one enumeration of moto's Batch, which imports EC2; Systems Manager wants EC2's
instances when a command is sent to them. While the two are imported, small modules stand for Batch and EC2; afterwards
the real ones can be imported, and EC2 is when its instances are asked for.
"""

import enum
import importlib
import sys
from types import ModuleType
from typing import Any

WANTED = ("moto.stepfunctions.parser.models", "moto.ssm.models")
AVOIDED = ("moto.batch", "moto.batch.utils", "moto.ec2")


class JobStatus(enum.StrEnum):
    """The states of a job of AWS Batch that end a `.sync` task."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class LaterBackends:
    """Stands for EC2's backends and imports them when an account's are asked for."""

    def __getitem__(self, account_id: str) -> Any:
        return importlib.import_module("moto.ec2.models").ec2_backends[account_id]


def load() -> None:
    """Imports what is wanted; does nothing if that, or what is avoided, has been imported already."""
    if any(name in sys.modules for name in (*WANTED, *AVOIDED)):
        return
    standing = {name: ModuleType(name) for name in AVOIDED}
    standing["moto.batch"].__path__ = []
    standing["moto.batch.utils"].JobStatus = JobStatus  # type: ignore[attr-defined]
    standing["moto.ec2"].ec2_backends = LaterBackends()  # type: ignore[attr-defined]
    sys.modules |= standing
    try:
        for name in WANTED:
            importlib.import_module(name)
    finally:
        for name in AVOIDED:
            del sys.modules[name]


load()  # by being imported, for it must come before what imports moto at its top
