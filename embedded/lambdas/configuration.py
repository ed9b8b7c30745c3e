"""A function's configuration, its unpacked code and the environment variables of its processes."""

import io
import os
import shutil
import stat
import sys
import threading
import uuid
import zipfile
from dataclasses import dataclass
from pathlib import Path

from embedded.context import Context

DEFAULT_CONCURRENCY = 4


@dataclass(frozen=True)
class FunctionConfiguration:
    """The configuration of one function; equal ones share warm processes.

    `timeout` in seconds, `memory` in MB, `code` the directory of its code, `reserved` its reserved concurrency.
    """

    name: str
    arn: str
    handler: str
    code: Path
    timeout: float
    memory: int
    environment: tuple[tuple[str, str], ...]
    log_group: str
    log_format: str = "Text"
    version: str = "$LATEST"
    reserved: int | None = None
    role: str = ""  # the session of its role

    @property
    def concurrency(self) -> int:
        """The most execution environments at once; a small number without a reservation."""
        return DEFAULT_CONCURRENCY if self.reserved is None else self.reserved


class StoppedError(RuntimeError):
    """The cloud is shutting down: no function is invoked."""


class ThrottledError(RuntimeError):
    """Concurrency is used up (Lambda's TooManyRequestsException); `reason` is Lambda's word for whose."""

    def __init__(self, reason: str) -> None:
        super().__init__("Rate Exceeded.")
        self.reason = reason


_LOCK = threading.Lock()


def code_directory(workdir: Path, digest: str, archive: bytes) -> Path:
    """The directory that holds the unpacked zip `archive`; `digest` (base64 or hex) names it."""
    target = workdir / "code" / digest.replace("/", "_").replace("+", "-").rstrip("=")[:40]
    with _LOCK:
        if not target.exists():
            _unpack(archive, target)
    return target


def _unpack(archive: bytes, target: Path) -> None:
    partial = target.with_name(f".{uuid.uuid4().hex}")
    partial.mkdir(parents=True)
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as source:
            source.extractall(partial)
        for file in partial.rglob("*"):
            if file.is_file():
                file.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


# Variables of the cloud's own environment that a process needs to run.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "COVERAGE_PROCESS_START")


def environment_variables(
    configuration: FunctionConfiguration, context: Context, runtime_api: str, log_stream: str
) -> dict[str, str]:
    """The whole environment for a process running `settings` under the Runtime API at `runtime_api` ("host:port").

    The packages of the function's layers come from this virtual environment: a layer's wheels are built for
    Lambda's Python and processor (3.13, arm64) and would not load here; both are locked to the same versions.
    """
    temporary = _directory(context.workdir / "tmp" / configuration.name)
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= {
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_LAMBDA_FUNCTION_NAME": configuration.name,
        "AWS_LAMBDA_FUNCTION_VERSION": configuration.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration.memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": configuration.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_LOG_FORMAT": configuration.log_format,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "LAMBDA_TASK_ROOT": str(configuration.code),
        "LAMBDA_RUNTIME_DIR": str(Path(sys.executable).parent),
        "_HANDLER": configuration.handler,
        "PYTHONPATH": str(configuration.code),
        "TMPDIR": str(temporary),
        "TZ": ":UTC",
    }
    if "AWS_XRAY_DAEMON_ADDRESS" in os.environ:
        environment["AWS_XRAY_DAEMON_ADDRESS"] = os.environ["AWS_XRAY_DAEMON_ADDRESS"]
    else:  # there is no X-Ray daemon
        environment["POWERTOOLS_TRACE_DISABLED"] = "true"
        environment["AWS_XRAY_SDK_ENABLED"] = "false"
    return environment | dict(configuration.environment) | context.exports(configuration.role)


def _directory(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
