"""Writes a run's report, the card of its version, and the pages of its model. It changes no outcome."""

from __future__ import annotations

from cloud import report_data, s3
from cloud.handovers import ReportReference, RunRequest
from cloud.ledger import Ledger
from cloud.platform import from_environment
from functions import site
from functions.task import lambda_handler, logger, metrics
from perennial import layout
from perennial.reports import card_contents, run_contents, summary


@lambda_handler(RunRequest)
def handler(request: RunRequest) -> ReportReference:
    """Writes the pages. It needs no lease: a page that is written again is the same."""
    platform = from_environment()
    ledger = Ledger(platform.ledger_table)
    run = ledger.run(request.run.id)
    report = report_data.of_run(platform, ledger, run)
    site.write_page(platform, layout.report(run.model, run.id), run_contents(report))
    s3.write_json(platform.models_bucket, layout.report_summary(run.model, run.id), summary(report))
    if report.version is not None:
        site.write_page(platform, layout.card(run.model, report.version.id), card_contents(report, report.version))
    site.write_model(platform, ledger, run.model, {run.dataset, *run.trained_on})
    metrics.add_metric("ReportWritten", unit="Count", value=1)
    logger.info("report written", run=run.id, model=run.model)
    return ReportReference(layout.report(run.model, run.id))
