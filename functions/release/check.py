"""Ask how far the endpoint has come."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cloud import endpoints
from functions.task import Task, task

LONGEST = timedelta(hours=12)  # the run itself has a month, for it may have waited for a person


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"state": "updating" | "in_service" | "failed", "reason": text}

    A rollback also ends InService, so the configuration's name decides, not the status alone.
    """
    release = task.event["release"]
    found = endpoints.describe(release["endpoint"])
    if found is None:
        state, reason = "failed", f"the endpoint {release['endpoint']} is gone"
    elif found.status == "InService" and found.config == release["config"]:
        state, reason = "in_service", ""
    elif found.status in ("InService", "Failed", "OutOfService", "UpdateRollbackFailed"):
        state = "failed"
        reason = f"the endpoint did not take {release['config']}: {found.status}, {found.failure or 'no reason given'}"
    elif task.now - datetime.fromisoformat(release.get("began") or task.now.isoformat()) > LONGEST:
        hours = LONGEST.total_seconds() / 3600
        state, reason = (
            "failed",
            f"the endpoint did not take {release['config']} within {hours:g} hours: {found.status}",
        )
    else:
        state, reason = "updating", ""
    if state == "failed":
        task.note("verify", (reason,))
    return {"state": state, "reason": reason}
