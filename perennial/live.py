"""The record of one look at a champion's traffic, as a point of the time lines on its model's page."""

from __future__ import annotations

from datetime import datetime

from perennial.records import Record

MetricInterval = dict[str, float | None]


class LivePoint(Record):
    """The metrics of one look: each {"value", "low", "high"}, None where it is unknown.

    `metric` is the gate's; `live` and `value` are of the newest window with enough labels, `gap` is the widest
    difference between groups there. `drift` is the share of the features that moved, by importance.
    """

    model: str
    version: str
    at: datetime
    verdict: str
    metric: str
    live: MetricInterval | None = None
    promised: MetricInterval | None = None
    value: MetricInterval | None = None
    value_promised: MetricInterval | None = None
    gap: MetricInterval | None = None
    drift: float | None = None
    currency: str = ""
