"""The page of a model: every run with its outcome, and its metrics over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.records import DatasetVersion, Run
from perennial.reports.contents.live import live
from perennial.reports.contents.prequential import prequential
from perennial.reports.json_values import mapping, member, metric_value, text
from perennial.reports.labels import OUTCOMES
from perennial.reports.report_data import History

FORMAT = 1
MAX_RUNS = 500
MAX_POINTS = 120


def index_contents(history: History) -> dict[str, Any]:
    """Runs newest first, the metrics of those that measured a model oldest first, and the champion."""
    runs = sorted(history.runs, key=lambda run: (run.started_at, run.id), reverse=True)
    names = {dataset.id: dataset for dataset in history.datasets}
    summaries = history.summaries or {}
    shown = runs[:MAX_RUNS]
    champion = history.champion
    return {
        "format": FORMAT,
        "kind": "index",
        "model": history.model,
        "champion": {"version": champion.version, "run": champion.run, "since": champion.since.isoformat()}
        if champion
        else None,
        "runs": [
            _run(run, names.get(run.dataset), mapping(summaries.get(run.id)), run.id in summaries) for run in shown
        ],
        "runs_left_out": max(0, history.count("runs") - len(shown)),
        "counts": {state: count for state in OUTCOMES if (count := sum(run.state == state for run in runs))},
        "history": _history(shown, summaries),
        "prequential": prequential(history.scores),
        "live": live(history.live),
        "versions": [
            {"id": version.id, "run": version.run, "created_at": version.created_at.isoformat()}
            for version in sorted(history.versions, key=lambda one: (one.created_at, one.id), reverse=True)[:MAX_RUNS]
        ],
    }


def _run(run: Run, dataset: DatasetVersion | None, summary: Mapping[str, Any], reported: bool) -> dict[str, Any]:
    return {
        "id": run.id,
        "state": run.state,
        "trigger": run.trigger,
        "dataset": text(dataset.name) if dataset else run.dataset,
        "rows": dataset.rows if dataset else None,
        "started_at": run.started_at.isoformat(),
        "seconds": (run.ended_at - run.started_at).total_seconds() if run.ended_at else None,
        "version": run.version,
        "reported": reported,
        "headline": mapping(member(summary, "headline")) or None,
    }


def _history(runs: list[Run], summaries: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One point per run that measured a model, oldest first."""
    points = []
    for run in runs:
        seen = summaries.get(run.id)
        head = mapping(member(seen, "headline"))
        if not head:
            continue
        points.append(
            {
                "run": run.id,
                "started_at": run.started_at.isoformat(),
                "promoted": run.state == "promoted",
                "metric": text(member(head, "metric")),
                "candidate": metric_value(member(head, "candidate")),
                "value": metric_value(member(seen, "value")) if mapping(member(seen, "value")) else None,
                "currency": text(member(member(seen, "value"), "currency"), 8),
                "gap": metric_value(member(seen, "gap")) if mapping(member(seen, "gap")) else None,
                "gap_of": text(member(member(seen, "gap"), "measure")),
            }
        )
    return points[:MAX_POINTS][::-1]
