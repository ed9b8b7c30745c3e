"""moto keeps metric data in one list and knows no percentiles: they go to our store too, to moto in a small form."""

import time
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend

from embedded.metrics.definitions import DefinitionError
from embedded.metrics.expressions import Series
from embedded.metrics.queries import answer
from embedded.metrics.series import MetricStore, datum_of, metric_of
from embedded.metrics.statistics import BASIC
from embedded.moto_patches.patches import Patches


def install(patches: Patches, store: MetricStore) -> None:
    """Every PutMetricData goes to `store` too; GetMetricData knows percentiles and metric math."""

    def put_metric_data(backend: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        original(backend, namespace, [_small(entry) for entry in metric_data])  # first: it checks them
        now = time.time()
        for entry in metric_data:
            store.put(metric_of(namespace, entry["MetricName"], entry.get("Dimensions") or ()), [datum_of(entry, now)])

    def get_metric_data(
        backend: CloudWatchBackend, queries: list[dict[str, Any]], start_time: Any, end_time: Any, scan_by: str = ""
    ) -> list[dict[str, Any]]:
        if all("MetricStat" in query and query["MetricStat"]["Stat"] in BASIC for query in queries):
            return list(original_get(backend, queries, start_time, end_time, scan_by))

        def ask(query: dict[str, Any]) -> dict[float, float]:
            only = [query | {"ReturnData": True}]
            (result,) = original_get(backend, only, start_time, end_time, "TimestampAscending")
            moments = [moment.replace(tzinfo=UTC).timestamp() for moment in result["timestamps"]]
            return dict(zip(moments, map(float, result["values"]), strict=True))

        try:
            found = answer(store, queries, (start_time, end_time), ask)
        except DefinitionError as error:
            raise ValidationError(str(error)) from error
        wanted = [query for query in queries if query.get("ReturnData", True)]
        return [_result(query, found[query["Id"]], scan_by == "TimestampDescending") for query in wanted]

    original = patches.replace(CloudWatchBackend, "put_metric_data", put_metric_data)
    original_get = patches.replace(CloudWatchBackend, "get_metric_data", get_metric_data)


def _result(query: dict[str, Any], values: Series, descending: bool) -> dict[str, Any]:
    moments = sorted(values, reverse=descending)
    stat = query.get("MetricStat")
    named = f"{stat['Metric']['MetricName']} {stat['Stat']}" if stat else query["Id"]
    return {
        "id": query["Id"],
        "label": query.get("Label") or named,
        "values": [values[moment] for moment in moments],
        "timestamps": [datetime.fromtimestamp(moment, UTC).replace(tzinfo=None) for moment in moments],
        "status_code": "Complete",
    }


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
