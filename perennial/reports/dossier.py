"""What a report is made of: the records of a run and the JSON that it left, as far as they are there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perennial.profile import Profile
from perennial.records import Champion, DatasetVersion, ModelVersion, Run


@dataclass(frozen=True)
class Dossier:
    """One run. `spec` is the spec's JSON as the run had it; what the run did not come to is None.

    `card` is the dataset's own, made of the spec's and the one beside the data. `profile` is of the run's data,
    `reference` of the champion's at that time; `version` is what the run registered.
    """

    run: Run
    spec: Mapping[str, Any]
    dataset: DatasetVersion | None = None
    card: Mapping[str, Any] | None = None
    verdict: Mapping[str, Any] | None = None
    drift: Mapping[str, Any] | None = None
    profile: Profile | None = None
    reference: Profile | None = None
    evaluation: Mapping[str, Any] | None = None
    decision: Mapping[str, Any] | None = None
    version: ModelVersion | None = None


@dataclass(frozen=True)
class History:
    """All that is known of a model: its runs and datasets in any order, and the summary of each reported run by id."""

    model: str
    runs: tuple[Run, ...]
    datasets: tuple[DatasetVersion, ...] = ()
    versions: tuple[ModelVersion, ...] = ()
    champion: Champion | None = None
    summaries: Mapping[str, Mapping[str, Any]] | None = None
