"""Metrics that functions write into their logs (CloudWatch's embedded metric format), put into CloudWatch as AWS does.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
"""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded.clients import Clients

LOG = logging.getLogger(__name__)


class LoggedMetrics:
    """Finds metrics in what functions write."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def take(self, text: str) -> None:
        """Puts the metrics of each line of `text`; a line that is none is passed over, as on AWS."""
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
