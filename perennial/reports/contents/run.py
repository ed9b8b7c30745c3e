"""A run's report as plain JSON."""

from __future__ import annotations

from typing import Any

from perennial.reports.contents.decision import decision, headline, state_of
from perennial.reports.contents.drift import drift
from perennial.reports.contents.fairness import fairness, widest_gap
from perennial.reports.contents.fit import fit
from perennial.reports.contents.gate_sections import behaviour, slices, value
from perennial.reports.contents.models import models, why_not
from perennial.reports.contents.origin import importance, origin
from perennial.reports.contents.steps import reasons, steps
from perennial.reports.contents.validation import validation
from perennial.reports.json_values import mapping, member, metric_value, text
from perennial.reports.redaction import Redaction
from perennial.reports.report_data import ReportData

FORMAT = 1


def run_contents(data: ReportData) -> dict[str, Any]:
    """The contents of the page; `left_out` gives the reason for each absent section."""
    redaction, run = Redaction.of(data.spec), data.run
    reason = why_not(data)
    sections: dict[str, dict[str, Any] | str] = {
        "validation": validation(data, redaction),
        "drift": drift(data, redaction),
        "fit": fit(data, reason),
        "models": models(data, redaction),
        "fairness": fairness(data, redaction),
        "slices": slices(data, redaction, reason),
        "value": value(data, reason),
        "behaviour": behaviour(data, reason),
    }
    return {
        "format": FORMAT,
        "kind": "run",
        "run": {
            "id": run.id,
            "model": run.model,
            "dataset": run.dataset,
            "dataset_name": text(data.dataset.name) if data.dataset else None,
            "trigger": run.trigger,
            "local": data.is_local,
            "state": state_of(data),
            "started_at": run.started_at.isoformat(),
            "ended_at": run.ended_at.isoformat() if run.ended_at else None,
            "seconds": (run.ended_at - run.started_at).total_seconds() if run.ended_at else None,
            "version": run.version,
            "target": text(member(data.spec, "target")),
            "problem": text(member(data.spec, "problem")),
        },
        "decision": decision(data, redaction, reasons(data, redaction)),
        "sections": {name: found if isinstance(found, dict) else None for name, found in sections.items()},
        "left_out": {name: found for name, found in sections.items() if isinstance(found, str)},
        "origin": origin(data),
        "importance": importance(member(data.evaluation, "importance")),
        "steps": steps(data, redaction),
    }


def summary(data: ReportData) -> dict[str, Any]:
    """A run in the index of its model: the deciding metric, value per row and largest difference between groups."""
    value = member(data.evaluation, "value")
    return {
        "format": FORMAT,
        "run": data.run.id,
        "state": state_of(data),
        "sentence": text(member(data.decision, "sentence"), 600),
        "headline": headline(data),
        "value": {
            "currency": text(member(value, "currency"), 8),
            **metric_value(member(member(value, "candidate"), "per_row")),
        }
        if mapping(value)
        else None,
        "gap": widest_gap(data.evaluation),
    }
