"""Writes a run's report, the card of its version, and the model's index. It changes no outcome."""

from __future__ import annotations

from typing import Any

from cloud import report_data, s3
from cloud.handovers import ReportReference, RunRequest
from cloud.ledger import Ledger
from cloud.platform import Platform, from_environment
from functions.task import lambda_handler, logger, metrics
from perennial import layout
from perennial.reports import card_contents, index_contents, page, run_contents, summary, to_json


@lambda_handler(RunRequest)
def handler(request: RunRequest) -> ReportReference:
    """Writes the pages. It needs no lease: a page that is written again is the same."""
    platform = from_environment()
    ledger = Ledger(platform.ledger_table)
    run = ledger.run(request.run.id)
    report = report_data.of_run(platform, ledger, run)
    _write(platform, layout.report(run.model, run.id), run_contents(report))
    s3.write_json(platform.models_bucket, layout.report_summary(run.model, run.id), summary(report))
    if report.version is not None:
        _write(platform, layout.card(run.model, report.version.id), card_contents(report, report.version))
    _write(platform, layout.index(run.model), index_contents(report_data.history(platform, ledger, run.model)))
    metrics.add_metric("ReportWritten", unit="Count", value=1)
    logger.info("report written", run=run.id, model=run.model)
    return ReportReference(layout.report(run.model, run.id))


def _write(platform: Platform, key: str, contents: dict[str, Any]) -> None:
    bucket = platform.models_bucket
    s3.write_text(bucket, key, page(contents), "text/html")
    s3.write_text(bucket, layout.json_document(key), to_json(contents), "application/json")
