"""SageMaker's own events ("... State Change") on the default bus."""

import logging
from datetime import datetime
from typing import Any

from embedded.context import Context

logger = logging.getLogger(__name__)


def announce(context: Context, detail_type: str, description: dict[str, Any], arn: str) -> None:
    """Emits one event of aws.sagemaker; its detail is what Describe answers, with times in milliseconds.

    Never raises: what happened has happened, whether or not anyone can be told.
    """
    try:
        context.emit("aws.sagemaker", detail_type, in_milliseconds(description), [arn])
    except Exception as error:  # noqa: BLE001 - the bus belongs to someone else
        logger.warning("%s of %s was not announced: %s", detail_type, arn, error)


def in_milliseconds(value: Any) -> Any:
    """The value with each time as milliseconds since 1970, as events and Step Functions show them."""
    if isinstance(value, dict):
        return {name: in_milliseconds(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [in_milliseconds(entry) for entry in value]
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    return value
