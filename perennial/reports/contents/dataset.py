"""The page of a dataset version: its file, its outcome, the runs that read it and the versions that learnt from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.records import DatasetVersion, Exclusion
from perennial.reports.json_values import mapping, member, metric_value, text
from perennial.reports.report_data import History

FORMAT = 1
MOST = 200  # runs and versions that are listed, the newest


def dataset_contents(history: History, dataset: DatasetVersion, exclusion: Exclusion | None) -> dict[str, Any]:
    """The contents of the page, from the records of its model.

    Args:
        history: of the model.
        dataset: one of its dataset versions.
        exclusion: the one that holds; None for a dataset that may be trained on.
    """
    runs = [run for run in history.runs if run.dataset == dataset.id]
    versions = [version for version in history.versions if dataset.id in version.datasets]
    serving = history.champion.version if history.champion else None
    return {
        "format": FORMAT,
        "kind": "dataset",
        "id": dataset.id,
        "model": dataset.model,
        "name": text(dataset.name),
        "state": dataset.state,
        "uploaded_at": dataset.uploaded_at.isoformat(),
        "size": dataset.size,
        "rows": dataset.rows,
        "rows_quarantined": dataset.rows_quarantined,
        "kept_until": dataset.kept_until.isoformat() if dataset.kept_until else None,
        "object": {"bucket": dataset.bucket, "key": text(dataset.key, 1024), "version": text(dataset.version_id, 1024)},
        "content": dataset.content,
        "spec_digest": dataset.spec_digest,
        "card_digest": dataset.card_digest,
        "excluded": {"why": text(exclusion.why, 600), "cause": exclusion.cause} if exclusion else None,
        "runs": [
            {
                "id": run.id,
                "state": run.state,
                "trigger": run.trigger,
                "started_at": run.started_at.isoformat(),
                "reported": run.id in (history.summaries or {}),
            }
            for run in sorted(runs, key=lambda one: (one.started_at, one.id), reverse=True)[:MOST]
        ],
        "versions": [
            {
                "id": version.id,
                "created_at": version.created_at.isoformat(),
                "serves": version.id == serving,
                "metric": _headline((history.summaries or {}).get(version.run)),
            }
            for version in sorted(versions, key=lambda one: (one.created_at, one.id), reverse=True)[:MOST]
        ],
    }


def _headline(summary: Mapping[str, Any] | None) -> dict[str, Any] | None:
    head = mapping(member(summary, "headline"))
    return {"name": text(head["metric"]), **metric_value(head["candidate"])} if head else None
