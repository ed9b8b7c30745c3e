"""Write a run's report, the card of the version that it registered, and the model's index. It changes no outcome."""

from __future__ import annotations

from typing import Any

from cloud import objects, report_data
from cloud.ledger import Ledger
from cloud.platform import Platform, from_environment
from functions.task import logger, metrics
from perennial import layout
from perennial.reports import card_contents, index_contents, page, run_contents, summary, to_json


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """-> {"report": key}. It needs no lease: a page is written over by its like."""
    platform = from_environment()
    ledger = Ledger(platform.ledger_table)
    run = ledger.run(event["run"]["id"])
    report = report_data.of_run(platform, ledger, run)
    _write(platform, layout.report(run.model, run.id), run_contents(report))
    objects.write_json(platform.models_bucket, layout.report_summary(run.model, run.id), summary(report))
    if report.version is not None:
        _write(platform, layout.card(run.model, report.version.id), card_contents(report, report.version))
    _write(platform, layout.index(run.model), index_contents(report_data.history(platform, ledger, run.model)))
    metrics.add_metric("ReportWritten", unit="Count", value=1)
    logger.info("report written", run=run.id, model=run.model)
    return {"report": layout.report(run.model, run.id)}


def _write(platform: Platform, key: str, contents: dict[str, Any]) -> None:
    bucket = platform.models_bucket
    objects.write_text(bucket, key, page(contents), "text/html")
    objects.write_text(bucket, key.removesuffix(".html") + ".json", to_json(contents), "application/json")
