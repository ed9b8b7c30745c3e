"""The dataset versions that a run trains on: the newest accepted ones, without those that must not be used."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perennial.records import DatasetVersion

Datasets = tuple["DatasetVersion", ...]


@dataclass(frozen=True)
class Window:
    """`datasets` are trained on, oldest first.

    `ended` and `excluded` would have been, but their retention has ended, or they are excluded from training.
    """

    datasets: Datasets
    ended: Datasets = ()
    excluded: Datasets = ()


def choose(
    known: Sequence[DatasetVersion], own: str, size: int, ended: Collection[str], excluded: Collection[str]
) -> Window:
    """The newest `size` of the `known` dataset versions (oldest first) that may be used, with the run's `own`.

    `ended` are the ids of those whose retention has ended, `excluded` of those that are excluded from training.
    """
    usable = [dataset for dataset in known if dataset.id not in ended and dataset.id not in excluded]
    chosen = usable[-size:]
    mine = [dataset for dataset in usable if dataset.id == own]
    if mine and mine[0] not in chosen:
        chosen = [*chosen[1:], *mine]
    full = len(chosen) >= size
    oldest = min((known.index(dataset) for dataset in chosen), default=0)
    passed = [dataset for place, dataset in enumerate(known) if dataset not in usable and (place > oldest or not full)]
    return Window(
        tuple(chosen),
        tuple(dataset for dataset in passed if dataset.id in ended),
        tuple(dataset for dataset in passed if dataset.id not in ended),
    )
