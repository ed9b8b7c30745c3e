"""The curve of test-then-train: the champion's metric on each new dataset before training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perennial.prequential import PrequentialScore
from perennial.reports.json_values import metric_value, text

MAX_POINTS = 120


def prequential(scores: Sequence[PrequentialScore]) -> list[dict[str, Any]]:
    """One point per dataset, oldest first, in the metric of the newest point."""
    metric = scores[-1].metric if scores else ""
    points = [
        {
            "dataset": text(score.dataset),
            "version": text(score.version),
            "run": score.run,
            "started_at": score.at.isoformat(),
            "metric": text(metric),
            "rows": score.rows,
            "score": metric_value(score.metrics.get(metric)),
            "promoted": False,
        }
        for score in sorted(scores, key=lambda each: (each.at, each.dataset))
        if metric in score.metrics
    ]
    return points[-MAX_POINTS:]
