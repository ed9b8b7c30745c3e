"""What each container process starts with."""

import os
import sys
from pathlib import Path

from embedded.context import Context


def base_environment(context: Context, *, isolated: bool) -> dict[str, str]:
    """The environment before any SM_* or user variable; nothing of ours leaks in, such as PYTHONPATH or credentials.

    Args:
        isolated: under network isolation a container has no credentials, so it gets no way into this cloud either.
            Its network itself is not cut off here.
    """
    path = os.environ.get("PATH", os.defpath)
    environment = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), path]),
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        "AWS_REGION": context.region,
        "AWS_DEFAULT_REGION": context.region,
    }
    for name in ("TMPDIR", "SSL_CERT_FILE", "SYSTEMROOT"):
        if name in os.environ:
            environment[name] = os.environ[name]
    return environment if isolated else environment | context.exports()
