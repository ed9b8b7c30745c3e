"""Gathers what a report is made of, from the ledger and from what the run left in S3; what is not there stays None."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cloud import objects
from cloud.ledger import Ledger, MissingRecordError
from cloud.platform import Platform
from perennial import layout
from perennial.profile import Profile, ProfileError
from perennial.records import DatasetVersion, ModelVersion, Run
from perennial.reports import History, ReportData

NEWEST = 500  # runs of which an index shows figures
_WORKERS = 10


def of_run(platform: Platform, ledger: Ledger, run: Run) -> ReportData:
    """All that a run has left so far. Raises MissingRecordError only where the ledger has lost a model version."""
    folder, models = layout.run(run.id), platform.models_bucket
    data = layout.dataset(run.model, run.dataset)
    reference = _reference_key(ledger, run)
    wanted = {
        "spec": (models, layout.spec(run.model, run.spec_digest)),
        "evaluation": (models, folder + "evaluation.json"),
        "decision": (models, folder + "decision.json"),
        "reference": (models, reference),
        "card": (platform.data_bucket, f"{data}card.json"),
    }
    if run.trigger == "upload":  # a retraining judges no data: what lies beside its dataset is of an earlier run
        wanted |= {name: (platform.data_bucket, f"{data}{name}.json") for name in ("verdict", "drift", "profile")}
    with ThreadPoolExecutor(_WORKERS) as pool:
        found = dict(zip(wanted, pool.map(lambda place: _json(*place), wanted.values()), strict=True))
    return ReportData(
        run=run,
        spec=found.pop("spec") or {},
        dataset=_dataset(ledger, run),
        version=_version(ledger, run),
        profile=_profile(found.pop("profile", None)),
        reference=_profile(found.pop("reference")),
        **found,
    )


def history(platform: Platform, ledger: Ledger, model: str) -> History:
    """A model's runs, and the summary of each that has a report."""
    runs = ledger.runs(model)
    with ThreadPoolExecutor(_WORKERS) as pool:
        keys = [(platform.models_bucket, layout.report_summary(model, run.id)) for run in runs[:NEWEST]]
        summaries = list(pool.map(lambda place: _json(*place), keys))
    return History(
        model=model,
        runs=tuple(runs),
        datasets=tuple(ledger.datasets(model)),
        versions=tuple(ledger.versions(model)),
        champion=ledger.champion(model),
        summaries={run.id: seen for run, seen in zip(runs, summaries, strict=False) if seen is not None},
    )


def _reference_key(ledger: Ledger, run: Run) -> str:
    """The profile of the champion that the run's data was compared with, by the note of its drift step.

    A step of an older release names none: then of the champion that serves now, or of the one it took the place of.
    """
    step = run.step("drift")
    if step and "reference" in step.figures:
        return str(step.figures["reference"])
    champion = ledger.champion(run.model)
    if champion is None:
        return ""
    before = champion.previous if champion.run == run.id else champion.version
    return ledger.version(before).profile_key if before else ""


def _dataset(ledger: Ledger, run: Run) -> DatasetVersion | None:
    try:
        return ledger.dataset(run.dataset)
    except MissingRecordError:
        return None


def _version(ledger: Ledger, run: Run) -> ModelVersion | None:
    return ledger.version(run.version) if run.version else None


def _profile(found: Any) -> Profile | None:
    """The profile, or None where it is of another format than this release counts in."""
    try:
        return Profile.from_dict(found) if found else None
    except (ProfileError, KeyError, TypeError):
        return None


def _json(bucket: str, key: str) -> Any:
    if not key:
        return None
    try:
        return objects.read_json(bucket, key)
    except objects.MissingObjectError:
        return None
