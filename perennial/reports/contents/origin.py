"""What a model was made from and the card of its data: where it comes from and what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.records import ModelVersion
from perennial.reports.dossier import Dossier
from perennial.reports.reading import entries, mapping, number, part, text, whole

MOST = 300
_CARD = ("origin", "licence", "terms", "personal_data", "lawful_basis", "collected")


def origin(dossier: Dossier) -> dict[str, Any]:
    """The run's data, card, spec and code, and how the candidate was fitted."""
    run, dataset, evaluation = dossier.run, dossier.dataset, dossier.evaluation
    trained = run.step("training")
    figures = trained.figures if trained else {}
    version = dossier.version
    return {
        "dataset": {
            "id": run.dataset,
            "name": text(dataset.name) if dataset else None,
            "key": text(dataset.key) if dataset else None,
            "version_id": text(dataset.version_id) if dataset else None,
            "bytes": dataset.size if dataset else None,
            "uploaded_at": dataset.uploaded_at.isoformat() if dataset else None,
        },
        "datasets": [text(name) for name in entries(figures.get("datasets"))][:MOST],
        "rows": whole(figures.get("rows")),
        "card": card(dossier),
        "card_digest": dataset.card_digest if dataset else None,
        "spec_digest": run.spec_digest,
        "code_digest": version.code_digest if version else None,
        "version": version.id if version else None,
        "digest": text(part(part(evaluation, "candidate"), "digest")) or None,
        **fitting(dossier.spec if evaluation else {}, evaluation),  # what was not fitted has no estimator
    }


def fitting(spec: Mapping[str, Any], evaluation: Mapping[str, Any] | None) -> dict[str, Any]:
    """How a candidate was fitted: estimator, parameters, seconds, versions of what it was fitted with."""
    declared = part(part(spec, "training"), "estimator")
    return {
        "estimator": text(part(evaluation, "estimator") or declared),
        "parameters": named(part(evaluation, "parameters") or part(part(spec, "training"), "parameters")),
        "environment": named(part(evaluation, "environment")),
        "fit_seconds": number(part(evaluation, "fit_seconds")),
    }


def importance(found: object) -> list[dict[str, Any]]:
    """Features by how far answers move when their values change places, the most important first."""
    read = {text(name): number(value) for name, value in mapping(found).items()}
    known = sorted(((value, name) for name, value in read.items() if value is not None), key=lambda one: -one[0])
    return [{"feature": name, "weight": value} for value, name in known[:20]]


def card(dossier: Dossier) -> dict[str, Any] | None:
    """The dataset's card, or the spec's where no plan has kept one with the data."""
    found = dossier.card or part(dossier.spec, "card")
    if not mapping(found):
        return None
    return {name: text(part(found, name), 1200) or None for name in _CARD} | {
        "retention_days": whole(part(found, "retention_days"))
    }


def made_with(version: ModelVersion) -> dict[str, Any]:
    """The ingredients of a registered version, by id and digest."""
    return {
        "datasets": list(version.datasets)[:MOST],
        "run": version.run,
        "digest": version.digest,
        "archive_sha256": version.archive_sha256,
        "code_digest": version.code_digest,
        "spec_digest": version.spec_digest,
        "created_at": version.created_at.isoformat(),
        "package": text(version.package) or None,
    }


def named(found: object) -> list[dict[str, str]]:
    """Names and values as text, sorted."""
    return [{"name": text(name), "value": text(value)} for name, value in sorted(mapping(found).items())[:MOST]]
