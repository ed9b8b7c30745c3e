"""The lineage of a model: which dataset versions each model version learnt from, and what each dataset went into.

Every entry is an anchor of the page, and links to its sources and its products: both directions can be followed by
click and by keyboard, without a script.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from perennial.records import DatasetVersion, ModelVersion
from perennial.reports.json_values import text
from perennial.reports.report_data import History

FORMAT = 1
MOST_VERSIONS = 150
MOST_DATASETS = 400
IN_GRAPH = 12  # newest versions, and newest datasets, of the graph


def lineage_contents(history: History) -> dict[str, Any]:
    """The newest versions with their sources, and the datasets that they learnt from or that came last."""
    versions = sorted(history.versions, key=lambda one: (one.created_at, one.id), reverse=True)
    shown = versions[:MOST_VERSIONS]
    products: dict[str, list[str]] = defaultdict(list)
    for version in shown:
        for identity in version.datasets:
            products[identity].append(version.id)
    known = {one.id: one for one in history.datasets}
    newest = sorted(history.datasets, key=lambda one: (one.uploaded_at, one.id), reverse=True)
    listed = newest[:MOST_DATASETS]
    serving = history.champion.version if history.champion else None
    return {
        "format": FORMAT,
        "kind": "lineage",
        "model": history.model,
        "versions": [_version(version, known, version.id == serving) for version in shown],
        "versions_left_out": max(0, history.count("versions") - len(shown)),
        "datasets": [_dataset(dataset, products[dataset.id]) for dataset in listed],
        "datasets_left_out": max(0, history.count("datasets") - len(listed)),
        "graph": _graph(shown[:IN_GRAPH][::-1], known),
    }


def _version(version: ModelVersion, known: dict[str, DatasetVersion], serves: bool) -> dict[str, Any]:
    return {
        "id": version.id,
        "anchor": anchor(version.id),
        "serves": serves,
        "created_at": version.created_at.isoformat(),
        "run": version.run,
        "code_digest": version.code_digest,
        "spec_digest": version.spec_digest,
        "datasets": [
            {"id": one, "name": text(known[one].name) if one in known else one, "listed": one in known}
            for one in version.datasets
        ],
    }


def _dataset(dataset: DatasetVersion, products: list[str]) -> dict[str, Any]:
    return {
        "id": dataset.id,
        "name": text(dataset.name),
        "state": dataset.state,
        "uploaded_at": dataset.uploaded_at.isoformat(),
        "rows": dataset.rows,
        "card_digest": dataset.card_digest,
        "versions": [{"id": one, "anchor": anchor(one)} for one in products],
    }


def _graph(versions: list[ModelVersion], known: dict[str, DatasetVersion]) -> dict[str, Any]:
    """The newest versions oldest first, the newest of their datasets in the same order, and the lines between them."""
    found = {identity for version in versions for identity in version.datasets if identity in known}
    datasets = sorted((known[one] for one in found), key=lambda one: (one.uploaded_at, one.id))[-IN_GRAPH:]
    places = {dataset.id: place for place, dataset in enumerate(datasets)}
    versions = [version for version in versions if places.keys() & set(version.datasets)]
    return {
        "datasets": [{"id": one.id, "name": text(one.name)} for one in datasets],
        "versions": [{"id": one.id, "anchor": anchor(one.id)} for one in versions],
        "lines": [
            [places[identity], place]
            for place, version in enumerate(versions)
            for identity in version.datasets
            if identity in places
        ],
    }


def anchor(version: str) -> str:
    """The anchor of a model version: its id without characters that an URL encodes."""
    return "version-" + version.rpartition("@")[2]
