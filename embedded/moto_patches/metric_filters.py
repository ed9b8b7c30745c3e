"""Metric filter patches: filters are replaced by name and applied to log events. moto stores them only."""

import time
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogsBackend

from embedded.context import Context
from embedded.metrics.filter_patterns import PatternError
from embedded.metrics.metric_filters import MOST_DIMENSIONS, MetricFilter, MetricFilters
from embedded.moto_patches.patches import Patches


def install(patches: Patches, context: Context) -> None:
    """Applies the filters of a log group to each new event and puts their metrics."""
    cloudwatch = cloudwatch_backends[context.account_id][context.region]
    filters = MetricFilters(lambda *given: cloudwatch.put_metric_data(*given), context.clock.scaled(60))

    def put_filter(backend: LogsBackend, name: str, pattern: str, group: str, transformations: Any) -> None:
        if group not in backend.groups:
            raise ResourceNotFoundException("The specified log group does not exist.")
        filters.set(group, name, _read(pattern, transformations[0]))
        backend.filters.delete_filter(name, group)
        original_put(backend, name, pattern, group, transformations)
        backend.filters.metric_filters[-1]["creationTime"] = int(time.time() * 1000)

    def delete_filter(backend: LogsBackend, filter_name: str, log_group_name: str) -> None:
        known = backend.describe_metric_filters(filter_name, log_group_name)
        if filter_name not in [entry["filterName"] for entry in known]:
            raise ResourceNotFoundException("The specified metric filter does not exist.")
        filters.remove(log_group_name, filter_name)
        original_delete(backend, filter_name, log_group_name)

    def delete_group(backend: LogsBackend, log_group_name: str) -> Any:
        answer = original_delete_group(backend, log_group_name)
        filters.remove(log_group_name)
        kept = [entry for entry in backend.filters.metric_filters if entry["logGroupName"] != log_group_name]
        backend.filters.metric_filters = kept
        return answer

    def put_events(backend: LogsBackend, log_group_name: str, log_stream_name: str, log_events: Any) -> Any:
        answer = original_put_events(backend, log_group_name, log_stream_name, log_events)
        filters.take(log_group_name, log_events)
        return answer

    original_put = patches.replace(LogsBackend, "put_metric_filter", put_filter)
    original_delete = patches.replace(LogsBackend, "delete_metric_filter", delete_filter)
    original_delete_group = patches.replace(LogsBackend, "delete_log_group", delete_group)
    original_put_events = patches.replace(LogsBackend, "put_log_events", put_events)


def _read(pattern: str, transformation: dict[str, Any]) -> MetricFilter:
    dimensions = transformation.get("dimensions") or {}
    if dimensions and transformation.get("defaultValue") is not None:
        raise _refusal("Invalid metric transformation: dimensions and default value are mutually exclusive.")
    if len(dimensions) > MOST_DIMENSIONS:
        raise _refusal(f"Invalid metric transformation: there can be at most {MOST_DIMENSIONS} dimensions.")
    try:
        return MetricFilter(pattern, transformation)
    except (PatternError, ValueError) as error:
        raise _refusal(str(error)) from error


def _refusal(message: str) -> InvalidParameterException:
    return InvalidParameterException(msg=message)
