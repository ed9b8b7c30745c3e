"""Lead the endpoint back to the champion; where there is none yet, take the endpoint away."""

from __future__ import annotations

from typing import Any

from cloud import alarms, configurations, endpoints
from functions.task import Task, task
from perennial import layout


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"endpoint": name}. Raises EndpointBusyError while the endpoint is changing.

    While an update to the candidate is under way, that one is called back by its alarm first: it takes no other change.
    """
    endpoint = layout.endpoint(task.run.model)
    champion = task.ledger.champion(task.run.model)
    if champion is None:
        endpoints.delete(endpoint)
        where = "The endpoint was taken away: there is no champion to go back to."
    else:
        version = task.ledger.version(champion.version)
        _call_back(task, endpoint)
        found = endpoints.describe(endpoint)
        config = configurations.name_of(version)
        endpoints.release(endpoint, config)
        alarms.put(task.platform, task.run.model, task.spec.release.alarms, version.id)
        goes = "serves" if found and found.config == config and not found.is_changing else "goes back to"
        where = f"The endpoint {goes} {champion.version}."
    found_step = task.ledger.run(task.run.id).step("verify")
    task.note("restore", (*(found_step.sentences if found_step else ()), where))
    return {"endpoint": endpoint}


def _call_back(task: Task, endpoint: str) -> None:
    candidate = task.ledger.version(task.event["version"]["id"])
    found = endpoints.describe(endpoint)
    if found and found.status == "Updating" and found.pending == configurations.name_of(candidate):
        alarms.withdraw(candidate.id)
