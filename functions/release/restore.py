"""Lead the endpoint back to the champion; where there is none yet, take the endpoint away."""

from __future__ import annotations

from typing import Any

from cloud import endpoints
from functions.task import Task, task
from perennial import layout


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"endpoint": name}. Raises EndpointBusyError while the endpoint is changing."""
    endpoint = layout.endpoint(task.run.model)
    champion = task.ledger.champion(task.run.model)
    if champion is None:
        endpoints.delete(endpoint)
        where = "The endpoint was taken away: there is no champion to go back to."
    else:
        version = task.ledger.version(champion.version)
        endpoints.release(endpoint, layout.endpoint_config(version.id, version.spec_digest))
        where = f"The endpoint goes back to {champion.version}."
    found = task.ledger.run(task.run.id).step("verify")
    task.note("restore", (*(found.sentences if found else ()), where))
    return {"endpoint": endpoint}
