"""The sources of a model and the card of its data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.records import ModelVersion
from perennial.reports.contents.members import readable
from perennial.reports.json_values import entries, mapping, member, number, text, whole
from perennial.reports.report_data import ReportData

MAX_TESTS = 300
_CARD = ("origin", "licence", "terms", "personal_data", "lawful_basis", "collected")


def origin(data: ReportData) -> dict[str, Any]:
    """The run's data, card, spec and code, and how the candidate was fitted."""
    run, dataset, evaluation = data.run, data.dataset, data.evaluation
    trained = run.step("training")
    details = trained.details if trained else {}
    version = data.version
    return {
        "dataset": {
            "id": run.dataset,
            "name": text(dataset.name) if dataset else None,
            "key": text(dataset.key) if dataset else None,
            "version_id": text(dataset.version_id) if dataset else None,
            "bytes": dataset.size if dataset else None,
            "uploaded_at": dataset.uploaded_at.isoformat() if dataset else None,
        },
        "datasets": [text(name) for name in entries(details.get("datasets"))][:MAX_TESTS],
        "rows": whole(details.get("rows")),
        "fitted_on": _fitted_on(member(evaluation, "rows")),
        "card": card(data),
        "card_digest": dataset.card_digest if dataset else None,
        "spec_digest": run.spec_digest,
        "code_digest": version.code_digest if version else None,
        "version": version.id if version else None,
        "digest": text(member(member(evaluation, "candidate"), "digest")) or None,
        **fitting(data.spec if evaluation else {}, evaluation),  # without a fit there is no estimator
    }


def _fitted_on(rows: object) -> str | None:
    """The number of rows that the model was fitted on, with what was judged; None if there was no fit."""
    train, refitted = whole(member(rows, "train")), whole(member(rows, "refitted"))
    if train is None:
        return None
    return f"{refitted:,}, after a model of {train:,} was judged" if refitted else f"{train:,}"


def fitting(spec: Mapping[str, Any], evaluation: Mapping[str, Any] | None) -> dict[str, Any]:
    """The fitting of a candidate: estimator, parameters, seconds, and versions of the libraries."""
    declared = member(member(spec, "training"), "estimator")
    parameters = member(evaluation, "parameters")  # empty of an imported model, whatever the spec has
    return {
        "estimator": text(member(evaluation, "estimator") or declared),
        "parameters": named(
            readable(member(member(spec, "training"), "parameters") if parameters is None else parameters)
        ),
        "environment": named(member(evaluation, "environment")),
        "fit_seconds": number(member(evaluation, "fit_seconds")),
    }


def importance(found: object) -> list[dict[str, Any]]:
    """Features by the change of the answers when the feature's values are permuted, the most important first."""
    read = {text(name): number(value) for name, value in mapping(found).items()}
    known = sorted(((value, name) for name, value in read.items() if value is not None), key=lambda one: -one[0])
    return [{"feature": name, "weight": value} for value, name in known[:20]]


def card(data: ReportData) -> dict[str, Any] | None:
    """The dataset's card, or the spec's where no plan has kept one with the data."""
    found = data.card or member(data.spec, "card")
    if not mapping(found):
        return None
    return {name: text(member(found, name), 1200) or None for name in _CARD} | {
        "retention_days": whole(member(found, "retention_days"))
    }


def made_with(version: ModelVersion) -> dict[str, Any]:
    """The ingredients of a registered version, by id and digest."""
    return {
        "datasets": list(version.datasets)[:MAX_TESTS],
        "run": version.run,
        "rows": version.rows,
        "refitted": version.refitted,
        "digest": version.digest,
        "archive_sha256": version.archive_sha256,
        "code_digest": version.code_digest,
        "spec_digest": version.spec_digest,
        "created_at": version.created_at.isoformat(),
        "package": text(version.package) or None,
    }


def named(found: object) -> list[dict[str, str]]:
    """Names and values as text, sorted."""
    return [{"name": text(name), "value": text(value)} for name, value in sorted(mapping(found).items())[:MAX_TESTS]]
