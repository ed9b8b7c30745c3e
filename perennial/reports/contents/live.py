"""The time lines of a model's live metrics: one point for each look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perennial.live import LivePoint
from perennial.reports.json_values import metric_value, text

MAX_POINTS = 120
_INTERVALS = ("live", "promised", "value", "value_promised", "gap")


def live(points: Sequence[LivePoint]) -> list[dict[str, Any]]:
    """One point per look, oldest first, in the metric of the newest point.

    `released`: the point is the first one of its version; `drift` is an interval without ends, as the others are.
    """
    metric = points[-1].metric if points else ""
    chosen = [point for point in points if point.metric == metric][-MAX_POINTS:]
    found: list[dict[str, Any]] = []
    for point in chosen:
        intervals = {name: metric_value(getattr(point, name)) for name in _INTERVALS if getattr(point, name)}
        drift = None if point.drift is None else metric_value({"value": point.drift, "low": None, "high": None})
        found.append(
            {
                "started_at": point.at.isoformat(),
                "version": text(point.version),
                "verdict": text(point.verdict),
                "metric": text(metric),
                "currency": text(point.currency, 8),
                "promoted": bool(found) and found[-1]["version"] != text(point.version),
                "drift": drift,
                **dict.fromkeys(_INTERVALS),
                **intervals,
            }
        )
    return found
