"""A run's report as plain JSON."""

from __future__ import annotations

from typing import Any

from perennial.reports.contents.behaviour import behaviour
from perennial.reports.contents.decision import decision, state_of
from perennial.reports.contents.drift import drift
from perennial.reports.contents.fairness import fairness
from perennial.reports.contents.models import models, why_not
from perennial.reports.contents.origin import importance, origin
from perennial.reports.contents.slices import slices
from perennial.reports.contents.steps import reasons, steps
from perennial.reports.contents.validation import validation
from perennial.reports.contents.value import value
from perennial.reports.dossier import Dossier
from perennial.reports.reading import part, text
from perennial.reports.veil import Veil

FORMAT = 1


def run_contents(dossier: Dossier) -> dict[str, Any]:
    """All that the page shows; `left_out` says of each section that is missing why it is."""
    veil, run = Veil.of(dossier.spec), dossier.run
    because = why_not(dossier)
    sections: dict[str, dict[str, Any] | str] = {
        "validation": validation(dossier, veil),
        "drift": drift(dossier, veil),
        "models": models(dossier, veil),
        "fairness": fairness(dossier, veil),
        "slices": slices(dossier, veil, because),
        "value": value(dossier, because),
        "behaviour": behaviour(dossier, because),
    }
    return {
        "format": FORMAT,
        "kind": "run",
        "run": {
            "id": run.id,
            "model": run.model,
            "dataset": run.dataset,
            "dataset_name": text(dossier.dataset.name) if dossier.dataset else None,
            "trigger": run.trigger,
            "state": state_of(dossier),
            "started_at": run.started_at.isoformat(),
            "ended_at": run.ended_at.isoformat() if run.ended_at else None,
            "seconds": (run.ended_at - run.started_at).total_seconds() if run.ended_at else None,
            "version": run.version,
            "target": text(part(dossier.spec, "target")),
            "problem": text(part(dossier.spec, "problem")),
        },
        "decision": decision(dossier, veil, reasons(dossier, veil)),
        "sections": {name: found if isinstance(found, dict) else None for name, found in sections.items()},
        "left_out": {name: found for name, found in sections.items() if isinstance(found, str)},
        "origin": origin(dossier),
        "importance": importance(part(dossier.evaluation, "importance")),
        "steps": steps(dossier, veil),
    }
