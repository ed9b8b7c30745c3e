"""Tells tracking servers of each start and end of a run: MLflow, and receivers of OpenLineage's events.

It changes no run. A run that a server does not take goes back to the queue.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from cloud import mlflow, openlineage
from cloud.handovers import ExecutionInput, ExecutionStatusChange
from cloud.ledger import Ledger
from cloud.platform import Platform, client, from_environment
from functions import FunctionError
from functions.task import logger
from functions.withholding import described, withholding
from perennial import PerennialError
from perennial.records import Run
from perennial.tracking.receiver import Receiver

READER = f"{__name__}.handler"
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


class UntoldRunError(FunctionError):
    """A server did not take a run, or the run's record has not ended yet. The queue delivers it again."""


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handles a batch of status changes of executions. Those that fail go back to the queue."""
    return dict(process_partial_response(event, handle, processor, context))


@withholding
def handle(record: SQSRecord) -> None:
    """Tells the servers of one change. Raises UntoldRunError."""
    detail = ExecutionStatusChange.from_json(json.loads(record.body), READER).detail
    request = ExecutionInput.from_json(json.loads(detail.input), READER).run
    platform = from_environment()
    ledger = Ledger(platform.ledger_table)
    run = ledger.run(request.id)
    begins = detail.status == "RUNNING"
    if begins and (detail.name != run.id or run.state != "running"):
        return  # a cleanup of the run, or a message that came after the run's end
    if not begins and run.state == "running":
        raise UntoldRunError(f"the execution {detail.name} has ended, and {run.id} not yet")
    _tell(platform, ledger, run, begins)


def _tell(platform: Platform, ledger: Ledger, run: Run, begins: bool) -> None:
    """Tells each server; one that fails keeps no other from being told."""
    faults = []
    for name, (variable, export) in _SERVERS.items():
        url = os.environ.get(f"PERENNIAL_{variable}")
        if not url or (begins and name == "MLflow"):  # MLflow receives runs that have ended
            continue
        try:
            receiver = Receiver.read(url, _secret(f"PERENNIAL_{variable.partition('_')[0]}_SECRET"))
            told = export(platform, ledger, receiver, run)
        except PerennialError as error:
            faults.append(f"{name}: {error}")
            logger.error("a run was not told", run=run.id, model=run.model, server=name, reason=described(error))
        else:
            logger.info("run told", run=run.id, model=run.model, server=name, told=told)
    if faults:
        raise UntoldRunError(f"{run.id} was not told to {'; '.join(faults)}")


def _to_mlflow(platform: Platform, ledger: Ledger, receiver: Receiver, run: Run) -> str:
    done = mlflow.export(platform, ledger, receiver, run)
    return "; ".join([f"run {done.run}", done.model_version or "no model", *done.left_out])


def _to_openlineage(platform: Platform, ledger: Ledger, receiver: Receiver, run: Run) -> str:
    return ", ".join(openlineage.export(platform, ledger, receiver, run))


_SERVERS: dict[str, tuple[str, Callable[[Platform, Ledger, Receiver, Run], str]]] = {
    "MLflow": ("MLFLOW_URI", _to_mlflow),
    "OpenLineage": ("OPENLINEAGE_URL", _to_openlineage),
}


def _secret(variable: str) -> str:
    """The text of the secret that a variable names; '' where none is named."""
    arn = os.environ.get(variable)
    return str(client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]) if arn else ""
