"""The table of metrics: candidate, champion and difference, each with its interval."""

from __future__ import annotations

from collections.abc import Sequence

from cli.output import line, show, table
from perennial.gate.metric_rows import MetricRow, with_interval


def show_metrics(rows: Sequence[MetricRow]) -> None:
    """Prints the table; nothing without metrics."""
    if not rows:
        return
    beside = any(row.champion.value is not None for row in rows)
    columns = ("metric", "candidate", "champion", "difference") if beside else ("metric", "candidate")
    parts = ("candidate", "champion", "difference") if beside else ("candidate",)
    line()
    show(table(columns, ((row.name, *(with_interval(getattr(row, part)) for part in parts)) for row in rows)))
