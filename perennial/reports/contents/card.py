"""A model card (after Mitchell et al. 2019): a version's purpose, data and metrics."""

from __future__ import annotations

from typing import Any

from perennial.contract.values import TRUTHS
from perennial.records import ModelVersion
from perennial.reports.contents.fairness import fairness
from perennial.reports.contents.fit import fit
from perennial.reports.contents.gate_sections import behaviour, slices, value
from perennial.reports.contents.models import models
from perennial.reports.contents.origin import card, fitting, importance, made_with
from perennial.reports.json_values import entries, mapping, member, text
from perennial.reports.redaction import Redaction
from perennial.reports.report_data import ReportData

FORMAT = 1
MAX_COLUMNS = 300
_EXAMPLES = {"integer": 1, "number": 1.5, "boolean": True, "date": "2026-01-31", "datetime": "2026-01-31T12:00:00Z"}
_UNMEASURED = "The run that made this version left no evaluation."


def card_contents(data: ReportData, version: ModelVersion) -> dict[str, Any]:
    """The contents of the card. Metrics are those of the run that made the version, on its held-out rows."""
    redaction, spec = Redaction.of(data.spec), data.spec
    sections: dict[str, dict[str, Any] | str] = {
        "fit": fit(data, _UNMEASURED),
        "models": models(data, redaction),
        "fairness": fairness(data, redaction),
        "slices": slices(data, redaction, _UNMEASURED),
        "value": value(data, _UNMEASURED),
        "behaviour": behaviour(data, _UNMEASURED),
    }
    return {
        "format": FORMAT,
        "kind": "card",
        "version": version.id,
        "model": version.model,
        "run": version.run,
        "created_at": version.created_at.isoformat(),
        "purpose": _purpose(spec, redaction, data.target_words),
        "card": card(data),
        "sections": {name: found if isinstance(found, dict) else None for name, found in sections.items()},
        "left_out": {name: found for name, found in sections.items() if isinstance(found, str)},
        "importance": importance(version.importance),
        "made_with": made_with(version),
        **fitting(spec, data.evaluation),
        "invocation": _invocation(spec, version, data.environment.endpoint(version.model)),
    }


def _purpose(spec: object, redaction: Redaction, words: tuple[str, str] | None) -> dict[str, Any]:
    target, positive = text(member(spec, "target")), member(spec, "positive")
    columns = mapping(member(spec, "columns"))
    return {
        "target": target,
        "problem": text(member(spec, "problem")),
        "positive": None if positive is None or redaction.hides(target) else _positive(positive, words),
        "features": features(spec)[:MAX_COLUMNS],
        "sensitive": [text(name) for name, column in columns.items() if member(column, "sensitive") is True],
    }


def _positive(positive: object, words: tuple[str, str] | None) -> str:
    """The positive class as the data spells it."""
    truth = TRUTHS.get(text(positive).lower())
    return text(positive) if words is None or truth is None else words[truth]


def features(spec: object) -> list[dict[str, str]]:
    """Columns shown to the model: by declaration, else all but texts, keys and the target."""
    key, target = entries(member(spec, "key")), member(spec, "target")
    return [
        {"name": text(name), "type": text(member(column, "type"))}
        for name, column in mapping(member(spec, "columns")).items()
        if name != target and _is_feature(column, name in key)
    ]


def _is_feature(column: object, in_key: bool) -> bool:
    declared = member(column, "feature")
    return declared if isinstance(declared, bool) else member(column, "type") != "text" and not in_key


def _invocation(spec: object, version: ModelVersion, endpoint: str) -> dict[str, Any]:
    """An example request to the endpoint. The row shows types, not data."""
    row = {each["name"]: _EXAMPLES.get(each["type"], "...") for each in features(spec)[:MAX_COLUMNS]}
    return {"endpoint": endpoint, "model": version.model, "body": {"rows": [row]}}
