"""What functions write, put into CloudWatch Logs as Lambda does: START, the lines, END, REPORT."""

import re
import time

from moto.logs.models import LogsBackend, logs_backends

from embedded.context import Context
from embedded.lambdas.metrics import LoggedMetrics
from embedded.lambdas.outcome import Outcome
from embedded.lambdas.sandbox import Sandbox
from embedded.lambdas.settings import FunctionSettings

_MB = 1024 * 1024
_EVENT_LIMIT = 256 * 1024 - 26
_LINES = re.compile(r"\r?\n")


class FunctionLog:
    """Writes the log of one function's processes; thread-safe as far as moto is."""

    def __init__(self, settings: FunctionSettings, context: Context, metrics: LoggedMetrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._backend: LogsBackend = logs_backends[context.account_id][context.region]
        self._streams: set[str] = set()

    def record(self, sandbox: Sandbox, request_id: str, outcome: Outcome, seconds: float) -> str:
        """Records one invocation; returns its text, for LogType=Tail."""
        written = sandbox.new_log()
        error_type, message = outcome.error
        if error_type.startswith(("Sandbox.", "Runtime.")) and message:
            written += f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {request_id} {message}\n"
        millis = seconds * 1000
        memory = self._settings.memory
        text = (
            f"START RequestId: {request_id} Version: {self._settings.version}\n{written.rstrip()}\n"
            f"END RequestId: {request_id}\nREPORT RequestId: {request_id}\tDuration: {millis:.2f} ms\tBilled Duration: "
            f"{int(millis) + 1} ms\tMemory Size: {memory} MB\tMax Memory Used: {sandbox.peak_memory // _MB} MB"
        )
        self._put(sandbox.log_stream, [line for line in _LINES.split(text) if line])
        self._metrics.take(written)
        return text

    def _put(self, stream: str, lines: list[str]) -> None:
        group = self._settings.log_group
        if stream not in self._streams:
            self._backend.ensure_log_group(group)
            self._backend.create_log_stream(group, stream)
            self._streams.add(stream)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line[:_EVENT_LIMIT]} for line in lines]
        self._backend.put_log_events(group, stream, events)
