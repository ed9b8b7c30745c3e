"""Results of invocations, worded as by Lambda."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class InvocationResult:
    """The result of an invocation; `function_error` is None or "Unhandled", `log` the lines it wrote."""

    payload: bytes
    function_error: str | None = None
    log: str = ""

    @property
    def error(self) -> tuple[str, str]:
        """(errorType, errorMessage) of a failed invocation; ("", "") of a good one."""
        if self.function_error is None:
            return "", ""
        try:
            body = json.loads(self.payload)
            return str(body.get("errorType", "")), str(body.get("errorMessage", ""))
        except (ValueError, AttributeError):
            return "", self.payload.decode(errors="replace")


def failed(request_id: str, error_type: str, reason: str) -> InvocationResult:
    """The result of a function that was ended: by its exit, a timeout or its memory."""
    body = {"errorType": error_type, "errorMessage": f"RequestId: {request_id} Error: {reason}"}
    return InvocationResult(json.dumps(body).encode(), "Unhandled")


def timed_out(request_id: str, seconds: float) -> InvocationResult:
    """The result of a timeout."""
    return failed(request_id, "Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds")


def out_of_memory(request_id: str) -> InvocationResult:
    """The result of a function over its memory limit."""
    return failed(request_id, "Runtime.OutOfMemory", "Runtime exited with error: signal: killed")


def exited(request_id: str, code: int) -> InvocationResult:
    """The result of a process that exited during an invocation; a negative code is a signal."""
    how = f"exit status {code}" if code >= 0 else "signal: killed"
    return failed(request_id, "Runtime.ExitError", f"Runtime exited with error: {how}")
