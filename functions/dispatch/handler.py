"""SQS -> runs. A message is an S3 event by way of EventBridge, or a function's word: wake, notify, ask, retrain."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from cloud.ledger import Ledger
from cloud.platform import from_environment
from functions.dispatch import telling, uploads
from functions.task import logger, utc_now
from perennial.contract.model import ModelSpec
from perennial.spec import load_all

SPECS = Path(__file__).resolve().parents[2] / "models"
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


@cache
def specs() -> dict[str, ModelSpec]:
    """The specs that were deployed with this code."""
    return load_all(SPECS)


def desk() -> uploads.Desk:
    """Dispatch's place of work, as of now."""
    platform = from_environment()
    return uploads.Desk(platform, Ledger(platform.ledger_table), specs(), utc_now())


def act(record: SQSRecord) -> None:
    """Act on one message; an exception sends it back to the queue."""
    body = json.loads(record.body)
    if "wake" in body:
        uploads.wake(desk(), body["wake"])
    elif "notify" in body:
        telling.notify(desk(), body["notify"])
    elif "ask" in body:
        telling.ask(desk(), body["ask"])
    elif "retrain" in body:
        uploads.retrain(desk(), body["retrain"], body["occasion"])
    else:
        uploads.arrived(desk(), {**body["detail"], "time": body["time"]})


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Messages that fail go back to the queue alone; the others are done."""
    return dict(process_partial_response(event, act, processor, context))
