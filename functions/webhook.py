"""Sends each notice and alarm to a webhook: Slack, Microsoft Teams or PagerDuty. Subscribed to the topic of notices."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import Any

from cloud.platform import client, from_environment
from functions import FunctionError
from functions.task import logger, metrics
from functions.withholding import withholding
from perennial import webhooks
from perennial.webhooks import Webhook

SECONDS = 10  # for one request


class UnsentNoticeError(FunctionError):
    """The webhook did not take a notice. SNS tries it again; after that it is in the dead-letter queue."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the notice goes to the URL of the secret, or nowhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Refuses."""


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@withholding
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Sends the notifications of an event of SNS. Raises UnsentNoticeError, WebhookError."""
    found = client("secretsmanager").get_secret_value(SecretId=os.environ["PERENNIAL_WEBHOOK_SECRET"])
    webhook = Webhook.read(found["SecretString"])
    source = from_environment().environment.title
    sent = 0
    for record in event["Records"]:
        given = record["Sns"]
        attributes = {name: str(one.get("Value", "")) for name, one in (given.get("MessageAttributes") or {}).items()}
        message = webhooks.message_of(given.get("Subject") or "notice", given["Message"], attributes, source)
        body = webhooks.body(webhook, message)
        if body is not None:
            _post(webhook, body)
            sent += 1
    logger.info("notices sent", format=webhook.kind, sent=sent)
    return {"sent": sent}


def _post(webhook: Webhook, body: dict[str, Any]) -> None:
    request = urllib.request.Request(  # noqa: S310  (Webhook.read allows https only)
        webhook.url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=SECONDS):
            return
    except urllib.error.HTTPError as error:
        raise UnsentNoticeError(f"the {webhook.kind} webhook answered {error.code}") from None
    except OSError as error:  # its message may hold the URL, which is a secret
        raise UnsentNoticeError(f"the {webhook.kind} webhook cannot be reached: {type(error).__name__}") from None
