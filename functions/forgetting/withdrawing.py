"""Has a model trained again without the persons, and deletes those that learnt from them and the runs behind them."""

from __future__ import annotations

from cloud import endpoint_configs, lease, messaging, registry, report_data, s3
from cloud.ledger import MissingRecordError
from functions import site
from functions.forgetting.erasing import LATER
from functions.forgetting.work import Work
from perennial import layout
from perennial.identity import retrain_run_id
from perennial.records import Run
from perennial.reports import card_contents, run_contents, summary

LONGEST_PAUSE = 900  # seconds between two looks at a run: an approval may take 30 days


def needs_training(work: Work) -> bool:
    """True while the champion learnt from what must be forgotten."""
    champion = work.ledger.champion(work.model)
    return champion is not None and champion.version in work.record.learnt


def own_run(work: Work) -> Run | None:
    """The run that trains again, once it has begun."""
    champion = work.ledger.champion(work.model)
    identity = retrain_run_id(work.model, champion.version if champion else "", _occasion(work))
    try:
        return work.ledger.run(identity)
    except MissingRecordError:
        return None


def ask_for_training(work: Work) -> None:
    """Sends dispatch the message; the same forgetting starts one run for each of its attempts."""
    why = f"{work.record.id} forgets what the champion learnt"
    messaging.retrain(work.platform, work.model, _occasion(work), (work.record.who, why))


def pause(work: Work) -> int:
    """Seconds to the next look: ever longer."""
    return int(min(LONGEST_PAUSE, 10 * 1.3 ** min(work.record.waits, 40)))


def withdraw(work: Work) -> None:
    """Deletes archives, packages, configurations and runs of the models that learnt, and writes pages again."""
    _forget_predecessor(work)
    for version in work.ledger.versions(work.model):
        if version.id in work.record.learnt:
            endpoint_configs.delete(endpoint_configs.name_of(work.platform.environment, version))
            registry.delete(work.platform, version)
            s3.delete_versions(work.platform.models_bucket, layout.beside(version.archive_key, ""))
    for run in work.ledger.runs(work.model):
        if run.id in work.record.runs:
            s3.delete_versions(work.platform.models_bucket, layout.run(run.id))
        elif run.started_at >= work.record.started_at:  # its job compared with a champion that learnt
            s3.delete_versions(work.platform.models_bucket, layout.training_plan(run.id, layout.CHAMPION))
    for stored, place in work.placed("search"):
        if place.name in LATER and stored.found:  # of no run that the ledger knows
            s3.delete_version(work.bucket(stored), stored.key, stored.version_id)
    if work.record.kind == "retention":
        _delete_results(work)
    _write_pages(work)


def _forget_predecessor(work: Work) -> None:
    """The champion's predecessor, to which nobody may go back."""
    champion = work.ledger.champion(work.model)
    if champion is not None and champion.previous in work.record.learnt:
        lease.promote(work.ledger, work.record, champion.model_copy(update={"previous": None}))


def _delete_results(work: Work) -> None:
    for stored, _ in work.placed("search"):
        if stored.found:
            s3.delete_version(work.bucket(stored), stored.key, stored.version_id)


def _write_pages(work: Work) -> None:
    """The pages of the runs, datasets and versions, of what is left; their earlier versions are deleted."""
    platform, bucket = work.platform, work.platform.models_bucket
    for run in work.ledger.runs(work.model):
        concerned = run.id in work.record.runs or run.dataset in work.record.datasets
        if not concerned or run.state in ("pending", "running"):
            continue
        report = report_data.of_run(platform, work.ledger, run)
        site.write_page(platform, layout.report(run.model, run.id), run_contents(report))
        s3.write_json(bucket, layout.report_summary(run.model, run.id), summary(report))
        if report.version is not None:
            site.write_page(platform, layout.card(run.model, report.version.id), card_contents(report, report.version))
    site.write_model(platform, work.ledger, work.model, work.record.datasets)
    for item in list(s3.version_listing(bucket, layout.reports(work.model))):
        if not item["IsLatest"]:
            s3.delete_version(bucket, item["Key"], item["VersionId"])


def _occasion(work: Work) -> str:
    return f"{work.record.id}-{work.record.attempt}"
