"""The data of a report: the records of a run and the JSON documents that it wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from perennial.contract.values import frequent_words
from perennial.environment import Environment
from perennial.live import LivePoint
from perennial.prequential import PrequentialScore
from perennial.profile import Profile
from perennial.records import Champion, DatasetVersion, ModelVersion, Run
from perennial.reports.json_values import mapping, member, text, whole


@dataclass(frozen=True)
class ReportData:
    """The data of one run. `spec` is the spec's JSON that the run used; a document that the run did not write is None.

    `card` is the dataset's own, merged from the spec's and the one beside the data. `profile` is of the run's data,
    `reference` of the champion's at that time; `version` is the version that the run registered. `scores` are those of
    champions on new datasets until the run ended. `is_local`: trained by a file on one machine; nothing is released.
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
    scores: tuple[PrequentialScore, ...] = ()
    environment: Environment = Environment()
    is_local: bool = False

    @property
    def target_words(self) -> tuple[str, str] | None:
        """The words for false and true in the data of a boolean target; None if there are none."""
        columns, target = member(self.spec, "columns"), member(self.spec, "target")
        if not isinstance(target, str) or member(member(columns, target), "type") != "boolean":
            return None
        found = mapping(member(self.verdict, "target_words"))
        return frequent_words(
            {
                truth: {text(word): count for word, each in mapping(words).items() if (count := whole(each))}
                for truth, words in found.items()
            }
        )


@dataclass(frozen=True)
class History:
    """The history of a model: its newest runs and datasets in any order, and the summary of each reported run by id.

    `counts` has the numbers of all runs, datasets and versions; without it none are left out.

    `look` is the record of its latest monitoring, `scores` are those of champions on new datasets,
    `live` the metrics of its newest looks, oldest first.
    """

    model: str
    runs: tuple[Run, ...]
    datasets: tuple[DatasetVersion, ...] = ()
    versions: tuple[ModelVersion, ...] = ()
    champion: Champion | None = None
    summaries: Mapping[str, Mapping[str, Any]] | None = None
    look: Mapping[str, Any] | None = None
    scores: tuple[PrequentialScore, ...] = ()
    live: tuple[LivePoint, ...] = ()
    counts: Mapping[str, int] | None = None

    def count(self, kind: Literal["runs", "datasets", "versions"]) -> int:
        """The number of all records of a kind."""
        return self.counts[kind] if self.counts is not None else len(getattr(self, kind))
