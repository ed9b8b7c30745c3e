"""The container's serving stack: `serve` of sagemaker-containers, as the image starts it. Runs in the stock peer's
environment: `python bench/serving/stack.py PORT`, with SAGEMAKER_SERVING_MODULE naming the application.

Two things differ from the image: nginx is not started, so requests go to gunicorn, and it listens on loopback.
"""

from __future__ import annotations

import collections
import collections.abc
import os
import subprocess
import sys
import types

collections.Mapping = collections.abc.Mapping  # type: ignore[attr-defined]  # as AWS's image restores it


def main() -> None:
    """Serves until it is terminated."""
    from sagemaker_containers import _server
    from sagemaker_containers.cli import serve

    def started(command: list[str]) -> subprocess.Popen[bytes]:
        place = command.index("-b") + 1
        return subprocess.Popen([*command[:place], f"127.0.0.1:{sys.argv[1]}", *command[place + 1 :]])

    _server.subprocess = types.SimpleNamespace(Popen=started)
    os.environ["SAGEMAKER_USE_NGINX"] = "false"
    os.environ["PATH"] = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
    serve.main()


if __name__ == "__main__":
    main()
