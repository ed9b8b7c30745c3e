"""The plan to forget: what was found where, which models learnt from it, the price, and what cannot be reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from perennial import layout
from perennial.forgetting.contents import Found
from perennial.forgetting.places import PLACES, Bucket, Place, Unreachable, place_of
from perennial.records import DatasetVersion, ModelVersion, Run

_TREATMENTS = {"rewrite": "rewritten without them", "remake": "made anew", "delete": "deleted", "redact": "redacted"}


@dataclass(frozen=True)
class Stored:
    """One version of an object, as S3 lists it, and what its content holds of the subjects."""

    bucket: Bucket
    key: str
    version_id: str
    size: int
    found: Found = field(default_factory=Found)


@dataclass(frozen=True)
class Records:
    """The ledger's records of a model."""

    datasets: Sequence[DatasetVersion]
    runs: Sequence[Run]
    versions: Sequence[ModelVersion]
    champion: str | None
    #: items that quote a value of a subject
    mentions: int = 0


@dataclass(frozen=True)
class Concerned:
    """The object versions of a place that concern the subjects: by content, and by origin alone."""

    place: str
    treatment: str
    objects: int
    versions: int
    rows: int
    mentions: int


@dataclass(frozen=True)
class Plan:
    """The places with their counts, the datasets and models concerned, the price, and what cannot be reached."""

    model: str
    places: tuple[Concerned, ...]
    datasets: tuple[str, ...]
    learnt: tuple[str, ...]
    retrain: bool
    price: float
    ledger: int
    unreachable: tuple[Mapping[str, Any], ...]

    @property
    def is_empty(self) -> bool:
        """True if nothing was found."""
        return not self.places and not self.ledger

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return asdict(self)

    def lines(self) -> tuple[str, ...]:
        """The plan in sentences."""
        if self.is_empty:
            return (f"Nothing was found of this subject in the buckets and the ledger of {self.model}.",)
        found = [
            f"{each.place}: {each.versions} version(s) of {each.objects} object(s), {each.rows} row(s) of the subject"
            + (f", {each.mentions} mention(s)" if each.mentions else "")
            + f"; to be {each.treatment}"
            for each in self.places
        ]
        if self.ledger:
            found.append(f"ledger: {self.ledger} record(s) quote a value; to be redacted")
        return (*found, *self._about_models())

    def _about_models(self) -> tuple[str, ...]:
        if not self.learnt:
            return ("No registered model was trained on rows of the subject.",)
        told = f"{len(self.learnt)} model version(s) were trained on rows of the subject: {', '.join(self.learnt)}."
        if not self.retrain:
            return (told, "The champion is not among them, so no training is needed.")
        return (
            told,
            f"The champion is among them: it is trained again, judged by the same gate, released and then withdrawn; "
            f"that costs about {self.price:,.2f} for one training.",
        )


def plan(
    model: str,
    stored: Iterable[Stored],
    records: Records,
    price: float,
    unreachable: Sequence[Unreachable],
    now: datetime,
    given: Sequence[str] = (),
) -> Plan:
    """Makes the plan from everything that was listed and searched. Objects of other models are left out.

    `given` are datasets that concern the subjects whatever is found of them.
    """
    placed = [(each, place) for each in stored if (place := place_of(each.bucket, model, each.key)) is not None]
    datasets = tuple(dict.fromkeys((*given, *_datasets(placed, records.datasets))))
    learnt = saw(datasets, placed, records.versions)
    affected = concerned(placed, datasets, origins(datasets, learnt, records))
    return Plan(
        model=model,
        places=tuple(_counted(place, [each for each, where in affected if where is place]) for place in PLACES
                     if any(where is place for _, where in affected)),
        datasets=datasets,
        learnt=learnt,
        retrain=records.champion in learnt,
        price=price,
        ledger=records.mentions,
        unreachable=tuple(_ends(each, now) for each in unreachable),
    )  # fmt: skip


def concerned(
    placed: Iterable[tuple[Stored, Place]], datasets: Sequence[str], parts: Iterable[str]
) -> list[tuple[Stored, Place]]:
    """The object versions with content of the subjects, or made from such content. `parts` are those of `origins`."""
    known = tuple(parts)
    return [(each, place) for each, place in placed if each.found or _was_made_from(each, place, datasets, known)]


def _was_made_from(stored: Stored, place: Place, datasets: Sequence[str], origins: Iterable[str]) -> bool:
    """True if an object was made from rows of the subjects, as far as its key tells."""
    if place.evidence == "model":
        return bool(datasets)
    return place.evidence == "origin" and any(origin in stored.key for origin in origins)


def accepted(datasets: Sequence[str], placed: Iterable[tuple[Stored, Place]]) -> set[str]:
    """Those of the dataset versions of which accepted rows are of the subjects."""
    return {
        dataset
        for each, place in placed
        if place.file == layout.ROWS and each.found.rows
        for dataset in datasets
        if f"/{dataset}/" in each.key
    }


def saw(
    datasets: Sequence[str], placed: Sequence[tuple[Stored, Place]], versions: Sequence[ModelVersion]
) -> tuple[str, ...]:
    """The model versions that were trained on accepted rows of the subjects, or grew from one that was."""
    learnt_from = accepted(datasets, placed)
    found = {version.id for version in versions if learnt_from & set(version.datasets)}
    while grown := {version.id for version in versions if version.grown_from in found} - found:
        found |= grown
    return tuple(version.id for version in versions if version.id in found)


def _datasets(placed: Iterable[tuple[Stored, Place]], known: Sequence[DatasetVersion]) -> tuple[str, ...]:
    """The dataset versions of which an upload or a result holds the subjects."""
    with_rows = [each for each, _ in placed if each.found]
    keys = {(each.key, each.version_id) for each in with_rows}
    return tuple(
        dataset.id
        for dataset in known
        if (dataset.key, dataset.version_id) in keys or any(f"/{dataset.id}/" in each.key for each in with_rows)
    )


def origins(datasets: Sequence[str], learnt: Sequence[str], records: Records) -> set[str]:
    """Parts of keys by which objects are known that were made from rows of the subjects."""
    touched = set(datasets)
    runs = [run for run in records.runs if run.dataset in touched or touched & set(run.trained_on)]
    versions = [version for version in records.versions if version.id in learnt]
    found = {f"/{dataset}/" for dataset in datasets} | {f"/{run.id}/" for run in runs}
    found |= {f"/{run.id}." for run in runs} | {f"/{dataset}." for dataset in datasets}
    found |= {f"/{version.digest}/" for version in versions} | {f"/{version.digest[:12]}." for version in versions}
    return found


def _counted(place: Place, stored: Sequence[Stored]) -> Concerned:
    return Concerned(
        place=place.name,
        treatment=_TREATMENTS[place.treatment],
        objects=len({each.key for each in stored}),
        versions=len(stored),
        rows=sum(each.found.rows for each in stored),
        mentions=sum(each.found.mentions for each in stored),
    )


def _ends(place: Unreachable, now: datetime) -> dict[str, Any]:
    """A place that cannot be reached, with the date on which it ends."""
    ends: date | None = None if place.days is None else (now + timedelta(days=place.days)).date()
    return {"place": place.name, "ends": None if ends is None else ends.isoformat(), "advice": place.advice}
