"""Function output in CloudWatch Logs (START, lines, END, REPORT), and the metrics in it (embedded metric format).

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
"""

import json
import logging
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.logs.models import LogsBackend, logs_backends

from embedded.context import Clients, Context
from embedded.lambdas.configuration import FunctionConfiguration
from embedded.lambdas.execution_environment import ExecutionEnvironment
from embedded.lambdas.result import InvocationResult
from embedded.permissions.authorizer import NotAuthorizedError

LOG = logging.getLogger(__name__)
_MB = 1024 * 1024
_EVENT_LIMIT = 256 * 1024 - 26
_LINES = re.compile(r"\r?\n")


LOG = logging.getLogger(__name__)


class EmbeddedMetrics:
    """Metrics in embedded metric format, put into CloudWatch."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def put_from(self, text: str) -> None:
        """Puts the metrics of each line of `text`; other lines are skipped, as on AWS."""
        for line in text.splitlines():
            if '"CloudWatchMetrics"' in line:
                self._put(line)

    def _put(self, line: str) -> None:
        try:
            entry = json.loads(line)
            for namespace, data in _metrics(entry):
                self._clients("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)
        except (ValueError, KeyError, TypeError, AttributeError, ClientError, BotoCoreError) as error:
            LOG.warning("a metric in a function's log could not be read: %s", error)


def _metrics(entry: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    moment = datetime.fromtimestamp(entry["_aws"]["Timestamp"] / 1000, UTC)
    for directive in entry["_aws"]["CloudWatchMetrics"]:
        data = []
        for names in directive.get("Dimensions") or [[]]:
            dimensions = [{"Name": name, "Value": str(entry[name])} for name in names]
            for metric in directive["Metrics"]:
                values = entry[metric["Name"]]
                given = {"MetricName": metric["Name"], "Unit": metric.get("Unit", "None"), "Timestamp": moment}
                given |= {"Dimensions": dimensions, "Values": values if isinstance(values, list) else [values]}
                data.append(given)
        yield directive["Namespace"], data


class FunctionLog:
    """The log of one function's processes; as thread-safe as moto."""

    def __init__(self, configuration: FunctionConfiguration, context: Context, metrics: EmbeddedMetrics) -> None:
        self._configuration = configuration
        self._metrics = metrics
        self._authorizer = context.authorizer
        self._backend: LogsBackend = logs_backends[context.account_id][context.region]
        self._streams: set[str] = set()

    def record(
        self, environment: ExecutionEnvironment, request_id: str, result: InvocationResult, seconds: float
    ) -> str:
        """Records one invocation; returns its text, for LogType=Tail."""
        written = environment.new_log()
        error_type, message = result.error
        if error_type.startswith(("Sandbox.", "Runtime.")) and message:
            written += f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {request_id} {message}\n"
        millis = seconds * 1000
        memory = self._configuration.memory
        text = (
            f"START RequestId: {request_id} Version: {self._configuration.version}\n{written.rstrip()}\n"
            f"END RequestId: {request_id}\nREPORT RequestId: {request_id}\tDuration: {millis:.2f} ms\tBilled Duration: "
            f"{int(millis) + 1} ms\tMemory Size: {memory} MB\tMax Memory Used: {environment.peak_memory // _MB} MB"
        )
        self._put(environment.log_stream, [line for line in _LINES.split(text) if line])
        self._metrics.put_from(written)
        return text

    def _may_write(self, group: str, stream: str) -> bool:
        authorizer, names = self._authorizer, {"logGroupName": group, "logStreamName": stream}
        calls = ["PutLogEvents"] if stream in self._streams else ["CreateLogStream", "PutLogEvents"]
        if group not in self._backend.groups:
            calls.insert(0, "CreateLogGroup")
        try:
            for call in calls:
                authorizer.call(self._configuration.role, "logs", call, names)
        except NotAuthorizedError as error:
            LOG.warning("the log of %s is lost: %s", self._configuration.name, error)
            return False
        return True

    def _put(self, stream: str, lines: list[str]) -> None:
        group = self._configuration.log_group
        if not self._may_write(group, stream):
            return  # as on AWS: the function runs, and its output is lost
        if stream not in self._streams:
            self._backend.ensure_log_group(group)
            self._backend.create_log_stream(group, stream)
            self._streams.add(stream)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line[:_EVENT_LIMIT]} for line in lines]
        self._backend.put_log_events(group, stream, events)
