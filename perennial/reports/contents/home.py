"""The page of all models: state, champion, metric and value of each, its last run and its last monitoring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from perennial.records import Retirement, Run
from perennial.reports.json_values import mapping, member, metric_value, sentences, text
from perennial.reports.labels import MODEL_STATES
from perennial.reports.report_data import History

FORMAT = 1
SENTENCES = 3
_ORDER = list(MODEL_STATES)


def glance_contents(history: History, retirement: Retirement | None) -> dict[str, Any]:
    """The entry of one model. Metric and value are those that the champion's run measured on held-out rows.

    Args:
        history: of the model.
        retirement: the one that holds; None for a model in use.
    """
    runs = sorted(history.runs, key=lambda run: (run.started_at, run.id))
    champion, summaries = history.champion, history.summaries or {}
    promised = mapping(summaries.get(champion.run)) if champion else {}
    head = mapping(member(promised, "headline"))
    last = runs[-1] if runs else None
    return {
        "format": FORMAT,
        "model": history.model,
        "state": "retired" if retirement else _state(history, last),
        "champion": {"version": champion.version, "run": champion.run, "since": champion.since.isoformat()}
        if champion
        else None,
        "metric": {"name": text(head["metric"]), **metric_value(head["candidate"])} if head else None,
        "value": dict(mapping(member(promised, "value"))) or None,
        "last_run": _run(last, last.id in summaries) if last else None,
        "look": _look(history.look),
        "counts": {
            "runs": history.count("runs"),
            "datasets": history.count("datasets"),
            "versions": history.count("versions"),
        },
    }


def home_contents(glances: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The page: models that need a person first, then by name."""
    models = sorted(glances, key=lambda one: (_ORDER.index(one["state"]), one["model"]))
    return {
        "format": FORMAT,
        "kind": "home",
        "models": models,
        "counts": {state: count for state in _ORDER if (count := sum(one["state"] == state for one in models))},
    }


def _state(history: History, last: Run | None) -> str:
    if last is not None and last.state == "failed":
        return "failed"
    if last is not None and _waits(last):
        return "waiting"
    if history.champion is None:
        return "empty"
    verdict = text(member(history.look, "verdict")) or ("stale" if member(history.look, "stale") else "")
    if not history.look or member(history.look, "version") != history.champion.version:
        return "new"
    return verdict if verdict in MODEL_STATES else "fresh"


def _waits(run: Run) -> bool:
    """True while the run waits for an approval."""
    return run.state == "running" and run.approval_until is not None


def _run(run: Run, reported: bool) -> dict[str, Any]:
    return {
        "id": run.id,
        "state": "waiting" if _waits(run) else run.state,
        "at": (run.ended_at or run.started_at).isoformat(),
        "reported": reported,
        "next_command": text(run.next_command),
    }


def _look(look: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not look:
        return None
    return {"at": text(member(look, "at")), "sentences": sentences(member(look, "sentences"))[:SENTENCES]}
