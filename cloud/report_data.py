"""Reads the data of a report from the ledger and from S3; a missing part is None."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cloud import recent, s3
from cloud.ledger import Ledger, MissingRecordError
from cloud.platform import Platform
from perennial import layout
from perennial.former_keys import with_current_keys
from perennial.profile import Profile, ProfileError
from perennial.records import DatasetVersion, ModelVersion, Run
from perennial.reports import History, ReportData

NEWEST = 500  # runs, datasets and versions that pages of a model show
_WORKERS = 10
_RENAMED = ("evaluation", "decision", "drift")  # parts that older releases wrote with other keys


def of_run(platform: Platform, ledger: Ledger, run: Run) -> ReportData:
    """The data of one run so far. Raises MissingRecordError if the ledger has lost a model version."""
    models, data = platform.models_bucket, platform.data_bucket
    reference = _reference_key(ledger, run)
    scores = recent.scores(ledger, run.model, [dataset.id for dataset in recent.datasets(ledger, run.model, NEWEST)])
    wanted = {
        "spec": (models, layout.spec(run.model, run.spec_digest)),
        "evaluation": (models, layout.run(run.id, layout.EVALUATION)),
        "decision": (models, layout.run(run.id, layout.DECISION)),
        "reference": (models, reference),
        "card": (data, layout.dataset(run.model, run.dataset, layout.CARD)),
    }
    if run.trigger == "upload":  # the results beside the dataset of a retraining are those of an earlier run
        names = {"verdict": layout.VERDICT, "drift": layout.DRIFT, "profile": layout.PROFILE}
        wanted |= {part: (data, layout.dataset(run.model, run.dataset, name)) for part, name in names.items()}
    with ThreadPoolExecutor(_WORKERS) as pool:
        found = dict(zip(wanted, pool.map(lambda place: _json(*place), wanted.values()), strict=True))
    found |= {part: with_current_keys(found[part]) for part in _RENAMED if part in found}
    return ReportData(
        run=run,
        spec=found.pop("spec") or {},
        dataset=_dataset(ledger, run),
        version=_version(ledger, run),
        environment=platform.environment,
        scores=tuple(score for score in scores if run.ended_at is None or score.at <= run.ended_at),
        profile=_profile(found.pop("profile", None)),
        reference=_profile(found.pop("reference")),
        **found,
    )


def history(platform: Platform, ledger: Ledger, model: str) -> History:
    """A model's newest runs, datasets and versions, their numbers, and the summary of each run that has a report.

    The champion's version and its run are among them, however old they are.
    """
    runs, versions = recent.runs(ledger, model, NEWEST), recent.versions(ledger, model, NEWEST)
    datasets, champion = recent.datasets(ledger, model, NEWEST), ledger.champion(model)
    if champion is not None:
        missing = champion.run not in {run.id for run in runs} and ledger.has_run(champion.run)
        runs += [ledger.run(champion.run)] if missing else []
        known = {version.id for version in versions}
        versions += [ledger.version(champion.version)] if champion.version not in known else []
    with ThreadPoolExecutor(_WORKERS) as pool:
        keys = [(platform.models_bucket, layout.report_summary(model, run.id)) for run in runs]
        summaries = list(pool.map(lambda place: _json(*place), keys))
    return History(
        model=model,
        runs=tuple(runs),
        datasets=tuple(datasets),
        versions=tuple(versions),
        counts={f"{kind}s": recent.count(ledger, model, kind) for kind in ("run", "dataset", "version")},
        champion=champion,
        scores=tuple(recent.scores(ledger, model, [dataset.id for dataset in datasets])),
        look=ledger.monitoring(model),
        live=tuple(ledger.live_points(model)),
        summaries={run.id: seen for run, seen in zip(runs, summaries, strict=False) if seen is not None},
    )


def _reference_key(ledger: Ledger, run: Run) -> str:
    """The key of the champion's profile that the run's data was compared with.

    A run of the first releases has none: then that of the champion that serves now, or of its predecessor.
    """
    if run.reference_profile:
        return run.reference_profile
    champion = ledger.champion(run.model)
    if champion is None:
        return ""
    before = champion.previous if champion.run == run.id else champion.version
    return ledger.version(before).profile_key if before else ""


def _dataset(ledger: Ledger, run: Run) -> DatasetVersion | None:
    if not run.dataset:  # a retirement has none
        return None
    try:
        return ledger.dataset(run.dataset)
    except MissingRecordError:
        return None


def _version(ledger: Ledger, run: Run) -> ModelVersion | None:
    return ledger.version(run.version) if run.version else None


def _profile(found: Any) -> Profile | None:
    """The profile, or None where it has the format of another release."""
    try:
        return Profile.from_dict(found) if found else None
    except (ProfileError, KeyError, TypeError):
        return None


def _json(bucket: str, key: str) -> Any:
    if not key:
        return None
    try:
        return s3.read_json(bucket, key)
    except s3.MissingObjectError:
        return None
