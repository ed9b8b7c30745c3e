"""Faster start and requests: parts of moto are imported without EC2, and lookups on disk are cached.

EC2's resources of instances takes half of the whole cloud's start. Step Functions' interpreter needs one enumeration of
moto's Batch, which imports EC2; Systems Manager needs EC2's instances when a command is sent to them. While the two are
imported, small modules stand in for Batch and EC2; afterwards the real ones can be imported.

moto lists its modules for each request, which takes a third of its time. It makes one loader of service models per
service, botocore one per session; each loader looks through 400 directories and reads the models again.
"""

import enum
import importlib
import sys
from functools import cache
from types import ModuleType
from typing import Any

import botocore.session
from botocore.loaders import Loader, create_loader
from moto import backends
from moto.core import utils

from embedded.moto_patches.patches import Patches

WANTED = ("moto.stepfunctions.parser.models", "moto.ssm.models")
AVOIDED = ("moto.batch", "moto.batch.utils", "moto.ec2")


class JobStatus(enum.StrEnum):
    """The states of a job of AWS Batch that end a `.sync` task."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class LaterBackends:
    """Stands in for EC2's backends; imports them at the first access."""

    def __getitem__(self, account_id: str) -> Any:
        return importlib.import_module("moto.ec2.models").ec2_backends[account_id]


def load() -> None:
    """Imports WANTED without AVOIDED; does nothing if a module of either has been imported."""
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


load()  # on import: it must come before modules that import moto


_shared = cache(create_loader)


def install(patches: Patches) -> None:
    """Gives moto and every session made from now on the same loader, and moto the list of its modules."""

    def loader(search_path_string: str | None = None) -> Loader:
        return _shared(search_path_string)

    patches.replace(utils, "create_loader", loader)
    patches.replace(botocore.session, "create_loader", loader)
    modules = tuple(backends.list_of_moto_modules())
    patches.replace(backends, "list_of_moto_modules", lambda: modules)
