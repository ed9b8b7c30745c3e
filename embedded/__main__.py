"""The embedded cloud as a program: python -m embedded --assembly cdk.out [--port N] [--speed X] [--ready FILE].

Runs in the foreground until SIGTERM, SIGINT or the end of the --parent process. SIGHUP deploys the assemblies again.
"""

import argparse
import contextlib
import itertools
import json
import logging
import os
import queue
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from awsrules.quotas import KINDS

if TYPE_CHECKING:
    from embedded.cloud import Cloud

_POLL_SECONDS = 0.25
_DEPLOY = "deploy"


class _ShutdownError(BaseException):
    """The cloud received a signal to shut down."""


def main(arguments: list[str] | None = None) -> int:
    """Runs the cloud; returns the exit code: 0 after a shutdown, 1 if it cannot start, 2 for wrong usage."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.assembly and not options.assemblies:
        parser.error("--assembly is required")
    _clear_aws_environment()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("moto").setLevel(logging.CRITICAL)  # a failed state is in its execution's history
    deploy_requests: queue.SimpleQueue[str] = queue.SimpleQueue()
    try:
        with _signals(deploy_requests):
            return _run(options, deploy_requests)
    except _ShutdownError:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m embedded", description=__doc__)
    parser.add_argument(
        "--assembly", type=Path, action="append", default=[], help="directory that `cdk synth` wrote; may be repeated"
    )
    parser.add_argument(
        "--assemblies", type=Path, metavar="FILE", help="a file that names more, one a line; read at each deployment"
    )
    parser.add_argument("--port", type=int, default=0, help="port of 127.0.0.1; 0 takes a free one")
    parser.add_argument("--speed", type=float, default=20.0, help="how many times as fast waits and schedules run")
    parser.add_argument(
        "--without-capacity",
        action="append",
        default=[],
        metavar="TYPE",
        help="instance type for which SageMaker has no capacity; may be repeated",
    )
    parser.add_argument("--account", choices=KINDS, default="grown", help="whose quotas: a new or a used account's")
    parser.add_argument(
        "--quota", action="append", default=[], metavar="NAME=VALUE", help="another value of a quota; may be repeated"
    )
    parser.add_argument("--ready", type=Path, help="JSON file written once the cloud is ready, removed at its end")
    parser.add_argument("--parent", type=int, help="end when this process ends")
    return parser


def _run(options: argparse.Namespace, deploy_requests: "queue.SimpleQueue[str]") -> int:
    # Imported late, so that errors and signal handlers do not wait for moto.
    from embedded.assembly import AssemblyError, read_assembly
    from embedded.port import PortTakenError, listen

    try:
        for assembly in _assemblies(options):
            read_assembly(assembly)
        listen(options.port).close()
        _serve(options, deploy_requests)
    except (AssemblyError, PortTakenError, ValueError, RuntimeError) as problem:
        if not _is_known(problem):
            raise
        print(f"error: {problem}", file=sys.stderr)
    return 1


def _is_known(problem: Exception) -> bool:
    """True if the problem is caused by the assembly or the options; its message explains it."""
    from embedded.account import AccountError
    from embedded.assembly import AssemblyError
    from embedded.context import SpeedError
    from embedded.intrinsics import IntrinsicError
    from embedded.port import PortTakenError
    from embedded.providers.provider import DeployError

    known = AccountError | AssemblyError | IntrinsicError | DeployError | PortTakenError | SpeedError
    return isinstance(problem, known)


def _serve(options: argparse.Namespace, deploy_requests: "queue.SimpleQueue[str]") -> None:
    """Runs the cloud until _ShutdownError."""
    from embedded.cloud import Cloud

    began = time.monotonic()
    quotas = _quotas(options.quota)
    cloud = Cloud.start(options.port, options.speed, options.without_capacity, options.account, quotas)
    with cloud, _removed(options.ready):
        for assembly in _assemblies(options):
            cloud.deploy(assembly)
        print(f"embedded cloud ready at {cloud.endpoint_url} in {time.monotonic() - began:.1f} s", file=sys.stderr)
        error: str | None = None
        for generation in itertools.count(1):
            _write_ready_file(options, cloud, generation, error)
            _wait_for_deploy_request(deploy_requests, options.parent)
            error = _deploy(cloud, _assemblies(options))


def _assemblies(options: argparse.Namespace) -> list[Path]:
    """The directories of all assemblies, in the order in which they are deployed."""
    listed = options.assemblies.read_text(encoding="utf-8").splitlines() if options.assemblies else []
    return list(dict.fromkeys([*options.assembly, *(Path(line) for line in listed if line)]))


def _quotas(given: list[str]) -> dict[str, float]:
    """The quotas of the command line. Raises AccountError for one that is not NAME=VALUE."""
    from embedded.account import AccountError

    try:
        return {name: float(value) for name, _, value in (one.rpartition("=") for one in given)}
    except ValueError:
        raise AccountError(f"--quota {given}: NAME=VALUE is expected") from None


def _deploy(cloud: "Cloud", assemblies: list[Path]) -> str | None:
    """Deploys again. Returns the error if one cannot be deployed; what runs then stays as it is."""
    try:
        for assembly in assemblies:
            cloud.deploy(assembly)
    except (ValueError, RuntimeError) as problem:
        if not _is_known(problem):
            raise
        print(f"error: {problem}", file=sys.stderr)
        return str(problem)
    return None


def _write_ready_file(options: argparse.Namespace, cloud: "Cloud", generation: int, error: str | None) -> None:
    """Writes the ready file; `generation` counts the deployments, `error` is the last one's failure."""
    if options.ready is None:
        return
    content = {
        "pid": os.getpid(),
        "endpoint_url": cloud.endpoint_url,
        "exports": cloud.exports(),
        "assemblies": [str(assembly.resolve()) for assembly in _assemblies(options)],
        "speed": options.speed,
        "account": options.account,
        "workdir": str(cloud.context.workdir),
        "generation": generation,
        "error": error,
    }
    partial = options.ready.with_name(options.ready.name + ".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)  # it holds the keys
    partial.replace(options.ready)


def _wait_for_deploy_request(deploy_requests: "queue.SimpleQueue[str]", parent: int | None) -> None:
    """Returns when another deployment is requested; raises _ShutdownError when the parent has ended.

    Never without a timeout: a signal that comes just before the wait begins is handled when the wait ends.
    """
    while True:
        try:
            deploy_requests.get(timeout=_POLL_SECONDS)
            return
        except queue.Empty:
            if parent and not _alive(parent):
                raise _ShutdownError from None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return True


@contextlib.contextmanager
def _signals(deploy_requests: "queue.SimpleQueue[str]") -> Iterator[None]:
    def end(_number: int, _frame: FrameType | None) -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, signal.SIG_IGN)  # a shutdown must not be interrupted
        raise _ShutdownError

    before = {name: signal.signal(name, end) for name in (signal.SIGTERM, signal.SIGINT)}
    before[signal.SIGHUP] = signal.signal(signal.SIGHUP, lambda _number, _frame: deploy_requests.put(_DEPLOY))
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


@contextlib.contextmanager
def _removed(ready: Path | None) -> Iterator[None]:
    try:
        yield
    finally:
        if ready is not None:
            ready.unlink(missing_ok=True)


def _clear_aws_environment() -> None:
    """Removes AWS settings and proxies from this process, so that all its calls stay on this machine."""
    for name in list(os.environ):
        ours = name.startswith("AWS_") and name != "AWS_XRAY_DAEMON_ADDRESS"
        if ours or name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
            del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"


if __name__ == "__main__":
    sys.exit(main())
