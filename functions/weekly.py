"""Scheduled: sends people one notice a week about all models."""

from __future__ import annotations

from typing import Any

from cloud import messaging, s3, weekly
from functions.dispatch.handler import context as dispatch_context
from functions.task import logger
from functions.withholding import described, withholding
from perennial import layout
from perennial.weekly import ModelWeek, weekly_key, weekly_notice


@logger.inject_lambda_context(clear_state=True)
@withholding
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Sends the notice of this week, once. A model that cannot be read is named in it and hides no other."""
    found = dispatch_context()
    week = weekly_key(found.now)
    if weekly.was_sent(found.ledger, week):
        return {"sent": False}
    weeks: list[ModelWeek] = []
    unread = sorted(found.broken)
    for name, spec in sorted(found.specs.items()):
        try:
            weeks.append(weekly.of_model(found.platform, found.ledger, spec, found.now))
        except Exception as error:  # noqa: BLE001  (whatever is wrong with one model)
            unread.append(name)
            logger.error("a model failed", model=name, reason=described(error))
    home = s3.console_link(found.platform.models_bucket, layout.home())
    messaging.notify_people(found.platform, weekly_notice(weeks, unread, home, found.now))
    weekly.mark_sent(found.ledger, week)
    logger.info("weekly notice sent", week=week, models=len(weeks), unread=len(unread))
    return {"sent": True}
