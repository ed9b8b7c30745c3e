"""Writes the pages of a model and the page of all models, after a run and after a monitoring."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cloud import report_data, s3
from cloud.ledger import Ledger
from cloud.platform import Platform
from perennial import layout
from perennial.records import DatasetVersion
from perennial.reports import (
    History,
    dataset_contents,
    glance_contents,
    home_contents,
    index_contents,
    lineage_contents,
    page,
    to_json,
)

_WORKERS = 10


def write_model(platform: Platform, ledger: Ledger, model: str, datasets: Iterable[str] = ()) -> None:
    """Writes a model's index, lineage and entry, the pages of these datasets, and the page of all models."""
    history = report_data.history(platform, ledger, model)
    write_page(platform, layout.index(model), index_contents(history))
    write_page(platform, layout.lineage_page(model), lineage_contents(history))
    known = {dataset.id: dataset for dataset in history.datasets}
    for identity in datasets:
        if identity in known:
            _write_dataset(platform, ledger, history, known[identity])
    glance = glance_contents(history, ledger.is_retired(model))
    s3.write_json(platform.models_bucket, layout.glance(model), glance)
    write_page(platform, layout.home(), home_contents(_glances(platform)))


def write_page(platform: Platform, key: str, contents: dict[str, Any]) -> None:
    """Writes a page and its JSON document."""
    bucket = platform.models_bucket
    s3.write_text(bucket, key, page(contents), "text/html")
    s3.write_text(bucket, layout.json_document(key), to_json(contents), "application/json")


def _write_dataset(platform: Platform, ledger: Ledger, history: History, dataset: DatasetVersion) -> None:
    exclusion = ledger.exclusion(dataset.id)
    holding = exclusion if exclusion and exclusion.holds else None
    write_page(platform, layout.dataset_page(dataset.model, dataset.id), dataset_contents(history, dataset, holding))


def _glances(platform: Platform) -> list[dict[str, Any]]:
    """The entries of all models that have one."""
    keys = [layout.glance(model) for model in s3.folders(platform.models_bucket, layout.REPORTS)]

    def read(key: str) -> dict[str, Any] | None:
        try:
            return dict(s3.read_json(platform.models_bucket, key))
        except s3.MissingObjectError:
            return None

    with ThreadPoolExecutor(_WORKERS) as pool:
        return [found for found in pool.map(read, keys) if found is not None]
