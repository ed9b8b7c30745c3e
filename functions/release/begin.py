"""Lead the endpoint to the new version's configuration."""

from __future__ import annotations

from typing import Any

from cloud import endpoints
from functions.task import Task, task
from perennial import layout


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"endpoint": name, "config": name, "began": ISO 8601}. Raises EndpointBusyError while it is changing."""
    version = task.ledger.version(task.event["version"]["id"])
    endpoint = layout.endpoint(task.run.model)
    config = endpoints.create_config(task.platform, task.spec, version)
    endpoints.release(endpoint, config)
    return {"endpoint": endpoint, "config": config, "began": task.now.isoformat()}
