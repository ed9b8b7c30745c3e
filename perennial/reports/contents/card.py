"""A model card (after Mitchell and others, 2019): what a version is for, what it was made from, how well it does."""

from __future__ import annotations

from typing import Any

from perennial.records import ModelVersion
from perennial.reports.contents.behaviour import behaviour
from perennial.reports.contents.fairness import fairness
from perennial.reports.contents.models import models
from perennial.reports.contents.origin import card, fitting, importance, made_with
from perennial.reports.contents.slices import slices
from perennial.reports.contents.value import value
from perennial.reports.dossier import Dossier
from perennial.reports.reading import entries, mapping, part, text
from perennial.reports.veil import Veil

FORMAT = 1
MOST_COLUMNS = 300
_EXAMPLES = {"integer": 1, "number": 1.5, "boolean": True, "date": "2026-01-31", "datetime": "2026-01-31T12:00:00Z"}
_UNMEASURED = "The run that made this version left no evaluation."


def card_contents(dossier: Dossier, version: ModelVersion) -> dict[str, Any]:
    """All that the card shows. Figures are of the run that made the version, on the rows it held out."""
    veil, spec = Veil.of(dossier.spec), dossier.spec
    sections: dict[str, dict[str, Any] | str] = {
        "models": models(dossier, veil),
        "fairness": fairness(dossier, veil),
        "slices": slices(dossier, veil, _UNMEASURED),
        "value": value(dossier, _UNMEASURED),
        "behaviour": behaviour(dossier, _UNMEASURED),
    }
    return {
        "format": FORMAT,
        "kind": "card",
        "version": version.id,
        "model": version.model,
        "run": version.run,
        "created_at": version.created_at.isoformat(),
        "purpose": _purpose(spec, veil),
        "card": card(dossier),
        "sections": {name: found if isinstance(found, dict) else None for name, found in sections.items()},
        "left_out": {name: found for name, found in sections.items() if isinstance(found, str)},
        "importance": importance(version.importance),
        "made_with": made_with(version),
        **fitting(spec, dossier.evaluation),
        "invocation": _invocation(spec, version),
    }


def _purpose(spec: object, veil: Veil) -> dict[str, Any]:
    target, positive = text(part(spec, "target")), part(spec, "positive")
    columns = mapping(part(spec, "columns"))
    return {
        "target": target,
        "problem": text(part(spec, "problem")),
        "positive": None if positive is None or veil.hides(target) else text(positive),
        "features": features(spec)[:MOST_COLUMNS],
        "sensitive": [text(name) for name, column in columns.items() if part(column, "sensitive") is True],
    }


def features(spec: object) -> list[dict[str, str]]:
    """Columns shown to the model: by declaration, else all but texts, keys and the target."""
    key, target = entries(part(spec, "key")), part(spec, "target")
    return [
        {"name": text(name), "type": text(part(column, "type"))}
        for name, column in mapping(part(spec, "columns")).items()
        if name != target and _is_feature(column, name in key)
    ]


def _is_feature(column: object, in_key: bool) -> bool:
    declared = part(column, "feature")
    return declared if isinstance(declared, bool) else part(column, "type") != "text" and not in_key


def _invocation(spec: object, version: ModelVersion) -> dict[str, Any]:
    """How to ask the endpoint. The row is an example of types, not of data."""
    row = {each["name"]: _EXAMPLES.get(each["type"], "...") for each in features(spec)[:MOST_COLUMNS]}
    return {"endpoint": f"perennial-{version.model}", "model": version.model, "body": {"rows": [row]}}
