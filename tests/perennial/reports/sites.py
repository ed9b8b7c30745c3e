"""A synthetic site: several models with runs, datasets and versions, as the ledger has them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from perennial import layout
from perennial.records import Champion, DatasetVersion, ModelVersion
from perennial.reports import (
    History,
    dataset_contents,
    glance_contents,
    home_contents,
    index_contents,
    lineage_contents,
)
from tests.perennial.reports import cases
from tests.perennial.reports.cases import EVIL, MOMENT

LOOK = {
    "version": "loans@000000000010",
    "verdict": "watch",
    "at": (MOMENT + timedelta(days=200)).isoformat(),
    "sentences": ["2 of 8 columns drifted.", f"birthplace moved most: {EVIL}"],
}


def history(count: int = 18, model: str = "loans", window: int = 3) -> History:
    """A model with so many runs, each with a dataset of its own; every fourth run made a version of the last ones."""
    told = cases.history(count)
    runs = tuple(
        run.model_copy(update={"model": model, "dataset": f"ds-{model}-{place:012x}"})
        for place, run in enumerate(told.runs)
    )
    datasets = tuple(_dataset(model, place) for place in range(count))
    versions = tuple(
        _version(model, place, [one.id for one in datasets[max(0, place - window + 1) : place + 1]])
        for place in range(0, count, 4)
    )
    newest = versions[-1]
    champion = Champion(model=model, version=newest.id, run=newest.run, token=1, since=newest.created_at)
    summaries = dict(told.summaries or {})
    return replace(
        told, model=model, runs=runs, datasets=datasets, versions=versions, champion=champion, summaries=summaries
    )


def pages(models: int = 3, runs: int = 18) -> dict[str, dict[str, Any]]:
    """The contents of each page by its key: home, and each model's index, lineage and datasets."""
    made: dict[str, dict[str, Any]] = {}
    glances = []
    for number in range(models):
        known = history(runs, "loans" if number == 0 else f"model-{number}")
        known = replace(known, look=LOOK | {"version": known.champion.version} if known.champion else None)
        made[layout.index(known.model)] = index_contents(known)
        made[layout.lineage_page(known.model)] = lineage_contents(known)
        made |= {
            layout.dataset_page(known.model, one.id): dataset_contents(known, one, None) for one in known.datasets[-3:]
        }
        glances.append(glance_contents(known, None))
    return made | {layout.home(): home_contents(glances)}


def _dataset(model: str, place: int) -> DatasetVersion:
    name = EVIL if place == 1 else f"2026-{place:03}.csv"
    return cases.dataset().model_copy(
        update={
            "id": f"ds-{model}-{place:012x}",
            "model": model,
            "name": name,
            "state": "promoted" if place % 4 == 0 else "refused",
            "uploaded_at": MOMENT + timedelta(days=11 * place),
        }
    )


def _version(model: str, place: int, datasets: list[str]) -> ModelVersion:
    return cases.version().model_copy(
        update={
            "id": f"{model}@{place:012x}",
            "model": model,
            "run": f"run-loans-{place:012x}",
            "datasets": tuple(datasets),
            "created_at": MOMENT + timedelta(days=11 * place),
        }
    )
