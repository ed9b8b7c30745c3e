"""Handles the messages to dispatch: notifications of S3, and messages of functions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from cloud import bucket_notifications, messaging, retrainings
from cloud.handovers import DispatchMessage, ObjectCreated
from cloud.ledger import Ledger
from cloud.platform import from_environment
from functions.dispatch import cleanup, uploads
from functions.dispatch.uploads import Context
from functions.task import logger, utc_now
from functions.withholding import withholding
from perennial import approval, conclusion
from perennial.contract.model import ModelSpec
from perennial.retraining_records import question
from perennial.spec import SpecError, load_each

SPECS = Path(__file__).resolve().parents[2] / "models"
READER = f"{__name__}.handler"
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handles a batch. Messages that fail go back to the queue, without the others."""
    return dict(process_partial_response(event, handle, processor, context))


@cache
def _loaded() -> tuple[dict[str, ModelSpec], dict[str, SpecError]]:
    specs, broken = load_each(SPECS)
    for model, error in broken.items():
        logger.error("a spec cannot be used; its model stands still", model=model, reason=str(error))
    return specs, broken


def specs() -> dict[str, ModelSpec]:
    """The specs that were deployed with this code, without those that cannot be used."""
    return _loaded()[0]


def scheduled(event: Mapping[str, Any]) -> dict[str, ModelSpec]:
    """The spec of the model that a schedule names in its event; without a name those of all models.

    Raises SpecError for a model that is named and whose spec cannot be used.
    """
    named = event.get("model")
    if named in _loaded()[1]:
        raise _loaded()[1][str(named)]
    return {name: spec for name, spec in specs().items() if named in (None, name)}


def context() -> Context:
    """The context of dispatch at this time."""
    platform = from_environment()
    found, broken = _loaded()
    return Context(platform, Ledger(platform.ledger_table), found, utc_now(), broken)


@withholding
def handle(record: SQSRecord) -> None:
    """Handles one message. An exception sends it back to the queue."""
    body = json.loads(record.body)
    if bucket_notifications.is_notification(body):
        uploads.on_notification(context(), bucket_notifications.created(body, READER))
        return
    if "detail" in body:  # by EventBridge, of an earlier release: it names no uploader
        uploads.on_object_created(context(), replace(ObjectCreated.from_json(body, READER), uploader=""))
        return
    message = DispatchMessage.from_json(body, READER)
    match message.action:
        case "start_pending":
            uploads.start_pending(context(), message.subject)
        case "retrain":
            uploads.retrain(context(), message)
        case "clean_up":
            cleanup.start(context(), message.subject, message.error)
        case "notify":
            notify_end(context(), message.subject)
        case "request_approval":
            notify_approvers(context(), message.subject)
        case "ask_about_retraining":
            notify_about_retraining(context(), message.subject)


def notify_end(context: Context, run_id: str) -> None:
    """Sends the notice of a run that has ended, once."""
    run = context.ledger.run(run_id)
    if not context.ledger.was_notified(run):
        messaging.notify_people(context.platform, conclusion.notice(run))
        context.ledger.mark_notified(run)


def notify_approvers(context: Context, run_id: str) -> None:
    """Sends the notice that a run waits for an approval, once, and only while it waits."""
    run = context.ledger.run(run_id)
    if approval.waits_until(run) is not None and not context.ledger.was_notified(run, "asked"):
        messaging.notify_people(context.platform, approval.notice(run))
        context.ledger.mark_notified(run, "asked")


def notify_about_retraining(context: Context, run_id: str) -> None:
    """Sends the notice that trainings stop after refused candidates, once for the last of them."""
    run = context.ledger.run(run_id)
    latest = next(iter(retrainings.decisions(context.ledger, run.model, most=1)), None)
    if latest is not None and latest.action == "ask" and not context.ledger.was_notified(run, "retraining"):
        messaging.notify_people(context.platform, question(run, latest.sentences))
        context.ledger.mark_notified(run, "retraining")
