"""Endpoint invocation metrics in CloudWatch: AWS/SageMaker, by EndpointName and VariantName."""

import logging
import threading
from collections import Counter
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from embedded.context import Clients
from embedded.metrics.metric_data import values_and_counts

logger = logging.getLogger(__name__)

NAMESPACE = "AWS/SageMaker"
_UNITS = {"ModelLatency": "Microseconds", "OverheadLatency": "Microseconds"}


class Metrics:
    """Pending invocation metrics, put by `flush`; `add` may be called from any thread."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._waiting: dict[tuple[str, str, str], Counter[float]] = {}
        self._lock = threading.Lock()

    def add(self, endpoint: str, variant: str, values: dict[str, float]) -> None:
        """Adds one value to each of the named metrics."""
        with self._lock:
            for name, value in values.items():
                self._waiting.setdefault((endpoint, variant, name), Counter())[value] += 1

    def flush(self) -> None:
        """Puts the pending metrics."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        moment = datetime.now(UTC)
        data = [
            {
                "MetricName": name,
                "Dimensions": [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}],
                "Timestamp": moment,
                "Unit": _UNITS.get(name, "None"),
                **part,
            }
            for (endpoint, variant, name), values in waiting.items()
            for part in values_and_counts(values)
        ]
        for start in range(0, len(data), 500):
            try:
                self._clients("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=data[start : start + 500])
            except (ClientError, BotoCoreError) as error:
                logger.warning("%d invocation metrics are lost: %s", len(data), error)


def invocation_values(status: int, model_seconds: float, overhead_seconds: float) -> dict[str, float]:
    """The metrics of one invocation that the container answered with `status`."""
    return {
        "Invocations": 1.0,
        "InvocationsPerInstance": 1.0,
        "Invocation4XXErrors": float(400 <= status < 500),
        "Invocation5XXErrors": float(status >= 500),
        "InvocationModelErrors": float(status >= 400),
        "ModelLatency": model_seconds * 1e6,
        "OverheadLatency": overhead_seconds * 1e6,
    }
