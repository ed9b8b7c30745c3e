"""moto keeps metric data in one list and knows no percentiles: they go to our store too, to moto in a small form."""

import time
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

from embedded.metrics.series import MetricStore, datum_of, metric_of
from embedded.moto_patches.patches import Patches


def install(patches: Patches, store: MetricStore) -> None:
    """Every PutMetricData goes to `store` too."""

    def put_metric_data(backend: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        original(backend, namespace, [_small(entry) for entry in metric_data])  # first: it checks them
        now = time.time()
        for entry in metric_data:
            store.put(metric_of(namespace, entry["MetricName"], entry.get("Dimensions") or ()), [datum_of(entry, now)])

    original = patches.replace(CloudWatchBackend, "put_metric_data", put_metric_data)


def _small(entry: dict[str, Any]) -> dict[str, Any]:
    """Many values as the statistic set that they make: moto would keep an object for each, and look through all."""
    if len(entry.get("Values") or ()) < 2 and sum(map(float, entry.get("Counts") or ())) < 2:
        return entry
    if any(value != value for value in entry["Values"]):  # not a number: moto refuses it
        return entry
    datum = datum_of(entry, 0.0)
    kept = {name: value for name, value in entry.items() if name not in ("Values", "Counts")}
    statistics = {"SampleCount": datum.count, "Sum": datum.total, "Minimum": datum.least, "Maximum": datum.most}
    return kept | {"StatisticValues": statistics}
