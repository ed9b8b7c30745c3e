"""A run in a few figures: what the index of a model keeps of it."""

from __future__ import annotations

from typing import Any

from perennial.reports.contents.decision import headline, state_of
from perennial.reports.contents.fairness import widest_gap
from perennial.reports.dossier import Dossier
from perennial.reports.reading import figure, mapping, part, text

FORMAT = 1


def summary(dossier: Dossier) -> dict[str, Any]:
    """The metric that decides, money per row, and the widest gap between groups; None where they were not measured."""
    value = part(dossier.evaluation, "value")
    return {
        "format": FORMAT,
        "run": dossier.run.id,
        "state": state_of(dossier),
        "sentence": text(part(dossier.decision, "sentence"), 600),
        "headline": headline(dossier),
        "value": {"currency": text(part(value, "currency"), 8), **figure(part(part(value, "candidate"), "per_row"))}
        if mapping(value)
        else None,
        "gap": widest_gap(dossier.evaluation),
    }
