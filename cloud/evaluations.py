"""The evaluation of a run: the metrics of candidate and champion on the same held-out rows."""

from __future__ import annotations

from cloud import s3
from cloud.platform import Platform
from perennial import layout
from perennial.former_keys import with_current_keys
from perennial.gate.metric_rows import MetricRow, rows
from perennial.records import Run


def metric_rows(platform: Platform, run: Run) -> tuple[MetricRow, ...]:
    """The metrics side by side; none for a run that did not reach the gate."""
    if run.step("gate") is None:
        return ()
    try:
        found = s3.read_json(platform.models_bucket, layout.run(run.id, layout.EVALUATION))
    except (s3.MissingObjectError, ValueError):
        return ()
    return rows(with_current_keys(found))
