"""The environment of a function's process: what Lambda sets, what the function was given, and where the cloud is."""

import os
import sys
from pathlib import Path

from embedded.context import Context
from embedded.lambdas.settings import FunctionSettings

# Of the cloud's own environment only what a process needs to run at all.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "COVERAGE_PROCESS_START")


def function_environment(
    settings: FunctionSettings, context: Context, runtime_api: str, log_stream: str
) -> dict[str, str]:
    """The whole environment for a process running `settings` under the Runtime API at `runtime_api` ("host:port").

    The third parties of the function's layers come from this virtual environment: a layer's wheels are built for
    Lambda's Python and processor (3.13, arm64) and would not load here; both are locked to the same versions.
    """
    temporary = _directory(context.workdir / "tmp" / settings.name)
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= {
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_LAMBDA_FUNCTION_NAME": settings.name,
        "AWS_LAMBDA_FUNCTION_VERSION": settings.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings.memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": settings.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_LOG_FORMAT": settings.log_format,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "LAMBDA_TASK_ROOT": str(settings.code),
        "LAMBDA_RUNTIME_DIR": str(Path(sys.executable).parent),
        "_HANDLER": settings.handler,
        "PYTHONPATH": str(settings.code),
        "TMPDIR": str(temporary),
        "TZ": ":UTC",
    }
    if "AWS_XRAY_DAEMON_ADDRESS" in os.environ:
        environment["AWS_XRAY_DAEMON_ADDRESS"] = os.environ["AWS_XRAY_DAEMON_ADDRESS"]
    else:  # nobody would listen to the traces
        environment["POWERTOOLS_TRACE_DISABLED"] = "true"
        environment["AWS_XRAY_SDK_ENABLED"] = "false"
    return environment | dict(settings.environment) | context.exports()


def _directory(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path
