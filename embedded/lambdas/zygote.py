"""The zygote, run as a script: a process that has imported common packages and forks each function's process.

A function's process takes about a second to import boto3, pydantic and the like; forked from here it has them already.
The function's code and environment variables are imported and set in the fork.

Usage: python -I zygote.py SOCKET. Reads JSON lines from the Unix socket and answers on it:
{"prepare": DIRECTORY}                                         imports the packages that the code there imports
{"id", "handler", "environment", "directory", "log"}           forks awslambdaric; answers {"id", "pid"}
and sends {"ended": PID, "code": returncode as of subprocess.Popen} for each end. Ends with the socket. Linux only.
"""

import ast
import contextlib
import ctypes
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

# The packages of Lambda's runtime, and those that Powertools imports at first use.
BASE = ("boto3", "botocore.httpsession", "urllib3", "logging.config", "uuid")
# Their service models are read once, before the forks.
SERVICES = ("s3", "dynamodb", "sns", "stepfunctions", "sagemaker")
# They start threads on import; threads do not survive a fork.
NOT_BEFORE_FORK = ("polars", "numpy", "pandas", "scipy", "sklearn", "pyarrow", "duckdb")
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Handles requests until the socket is closed."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    channel.connect(sys.argv[1])
    ended, wakeup = os.pipe()
    os.set_blocking(wakeup, False)
    os.set_blocking(ended, False)
    signal.set_wakeup_fd(wakeup)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    _preload(BASE)
    _preload_clients()
    pending = b""
    while True:
        readable, _, _ = select.select([channel.fileno(), ended], [], [])
        if ended in readable:
            _reap(ended, channel)
        if channel.fileno() in readable:
            data = channel.recv(1 << 20)
            if not data:
                return
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                _handle(json.loads(line), channel)


def third_party_imports(directory: Path) -> set[str]:
    """The modules outside `directory` that the Python files in it import at their top."""
    local = {path.name.removesuffix(".py") for path in directory.iterdir()}
    names: set[str] = set()
    for file in directory.rglob("*.py"):
        with contextlib.suppress(SyntaxError, UnicodeDecodeError):
            names |= set(_imports(ast.parse(file.read_bytes())))
    return {name for name in names if name.split(".")[0] not in {*local, *NOT_BEFORE_FORK}}


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _handle(request: dict[str, Any], channel: socket.socket) -> None:
    if "prepare" in request:
        _preload(sorted(third_party_imports(Path(request["prepare"]))))
        return
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        channel.close()
        _run_handler(request, parent)
    channel.sendall(json.dumps({"id": request["id"], "pid": pid}).encode() + b"\n")


def _run_handler(request: dict[str, Any], parent: int) -> NoReturn:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(0)
        log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.clear()
        os.environ |= request["environment"]
        _forget_credentials()
        time.tzset()
        os.chdir(request["directory"])
        sys.path.insert(0, request["directory"])
        sys.argv = ["awslambdaric", request["handler"]]
        runpy.run_path(str(Path(__file__).with_name("bootstrap.py")), run_name="__main__")
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:  # noqa: BLE001 - the fork must not continue as the zygote
        traceback.print_exc()
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _reap(ended: int, channel: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        os.read(ended, 4096)
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        code = os.waitstatus_to_exitcode(status)
        channel.sendall(json.dumps({"ended": pid, "code": code}).encode() + b"\n")


def _preload(names: list[str] | tuple[str, ...]) -> None:
    for name in names:
        with contextlib.suppress(Exception):  # the function reports the missing module itself
            importlib.import_module(name)


def _forget_credentials() -> None:
    """Makes boto3's default session, made here, look for the function's own keys in its environment."""
    boto3 = sys.modules.get("boto3")
    made = getattr(boto3, "DEFAULT_SESSION", None)
    if made is not None:
        made._session._credentials = None


def _preload_clients() -> None:
    with contextlib.suppress(Exception):
        import boto3

        for service in SERVICES:
            boto3.client(service)


if __name__ == "__main__":
    main()
