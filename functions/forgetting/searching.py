"""Reads every version of every object of the model, a step at a time: before the work, and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cloud import forgetting as search
from cloud import s3
from functions.forgetting.work import LARGEST, Work, as_list, keep_known, step, stored_of
from perennial import layout
from perennial.forgetting import contents
from perennial.forgetting.places import place_of
from perennial.forgetting.planning import Plan, Records, Stored, accepted, concerned, origins, plan


def search_step(work: Work) -> bool:
    """Searches the next objects; True when all are searched. `found` of the stage has the results."""
    stage, position = work.record.stage, work.record.position
    if position == 0:
        s3.delete_versions(work.platform.models_bucket, work.path(f"{stage}/"))
        work.write(layout.OBJECTS, [as_list(each) for each in _listed(work)])
    listed = [stored_of(item) for item in work.load(layout.OBJECTS, [])]
    found = [_searched(work, each) for each in step(listed, position)]
    if found:
        work.write(layout.found(stage, position), [as_list(each) for each in found])
        keep_known(work)
        work.put(position=position + len(found))
    return work.record.position >= len(listed)


def planned(work: Work) -> Plan:
    """The plan over what was searched; a retention's own datasets are those that it names."""
    ends = search.ends(work.platform)
    return plan(work.model, work.found("search"), records(work), 0.0, ends, work.now, work.record.datasets)


def touched(work: Work, made: Plan) -> tuple[list[Stored], tuple[str, ...]]:
    """The object versions that concern the persons, and the ids of the runs that trained on rows of theirs."""
    known = records(work)
    datasets = tuple(dict.fromkeys((*work.record.datasets, *made.datasets)))
    learnt = tuple(dict.fromkeys((*work.record.learnt, *made.learnt)))
    placed = work.placed("search")
    trained = accepted(datasets, placed)
    runs = {run.id for run in known.runs if trained & set(run.trained_on)}
    runs |= {version.run for version in known.versions if version.id in learnt}
    earlier = {run.id for run in known.runs if run.started_at < work.record.started_at}
    mine = tuple(sorted(runs & earlier))
    parts = origins(datasets, learnt, replace_runs(known, mine))
    return [each for each, _ in concerned(placed, datasets, parts)], mine


def replace_runs(known: Records, runs: Sequence[str]) -> Records:
    """The records with these runs alone."""
    return replace(known, runs=[run for run in known.runs if run.id in runs])


def records(work: Work) -> Records:
    """The ledger's records of the model."""
    champion = work.ledger.champion(work.model)
    return Records(
        datasets=work.ledger.datasets(work.model),
        runs=work.ledger.runs(work.model),
        versions=work.ledger.versions(work.model),
        champion=champion.version if champion else None,
        mentions=sum(1 for text in work.ledger.texts(work.model) if work.tracer.mentions(text)),
    )


def _listed(work: Work) -> list[Stored]:
    """All object versions; those with whole rows first. A retention reads none: names say what is of a dataset."""
    found = list(search.stored(work.platform, work.model))
    return sorted(found, key=lambda each: not search.holds_rows(each, work.model))


def _searched(work: Work, stored: Stored) -> Stored:
    if work.record.kind == "retention":
        return replace(stored, found=contents.Found(1 if _is_of(stored, work) else 0))
    if stored.size > LARGEST:
        return stored
    if place_of(stored.bucket, work.model, stored.key) is None:
        return stored
    body = work.read(stored)
    if body is None:
        return stored
    learn = work.record.stage == "search" and search.holds_rows(stored, work.model)
    return replace(stored, found=contents.search(body, work.tracer, learn))


def _is_of(stored: Stored, work: Work) -> bool:
    """True for an upload, or a result in the data bucket, of a dataset whose retention has ended."""
    if stored.bucket != "data":
        return False
    return (stored.key, stored.version_id) in _uploads(work) or any(
        f"/{identity}/" in stored.key for identity in work.record.datasets
    )


def _uploads(work: Work) -> set[tuple[str, str]]:
    """Key and version of each file of the datasets: those that their plan listed, and their manifest."""
    if work.uploads is None:
        work.uploads = set()
        for identity in work.record.datasets:
            dataset = work.ledger.dataset(identity)
            work.uploads.add((dataset.key, dataset.version_id))
            key = layout.dataset(work.model, identity, layout.FILES)
            try:
                listed = s3.read_json(work.platform.data_bucket, key)
            except s3.MissingObjectError:
                continue
            work.uploads |= {(item["key"], item["version_id"]) for item in listed}
    return work.uploads
