"""`perennial models`: the models and their champions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli import connection, environment, project
from cli.output import Json, emit, note, show, table
from perennial.gate.check import read_metric
from perennial.gate.metric_rows import sentence

if TYPE_CHECKING:
    from cloud.endpoints import EndpointState
    from cloud.ledger import Ledger
    from perennial.records import Retirement


def models(json: Json = False) -> None:
    """List the models and champions."""
    names = project.model_names()
    if not names:
        note("no model has a spec yet; next: perennial init FILE --target COL --model NAME")
    _, ledger = connection.connect()
    found = [_look(ledger, name) for name in names]
    if json:
        emit(found)
        return
    rows = (
        (m["model"], m["problem"], m["champion"], m["since"], _metric(m), m["endpoint"], m["status"]) for m in found
    )
    show(table(("model", "problem", "champion", "since", "metric", "endpoint", "status"), rows))


def _look(ledger: Ledger, name: str) -> dict[str, Any]:
    from cloud import endpoints, recent

    spec = project.spec(name)
    champion = ledger.champion(name)
    version = ledger.version(champion.version) if champion else None
    endpoint = environment.chosen().endpoint(name)
    state, retired = endpoints.describe(endpoint), ledger.is_retired(name)
    return {
        "model": name,
        "problem": spec.problem,
        "champion": champion.version if champion else None,
        "since": champion.since.isoformat(timespec="seconds") if champion else None,
        "metric": spec.metric(),
        "metrics": version.metrics if version else {},
        "datasets": list(version.datasets) if version else [],
        "versions": recent.count(ledger, name, "version"),
        "endpoint": endpoint if state else None,
        "status": _status(state, retired),
        "retired": retired.model_dump(mode="json", include={"since", "who", "why", "version"}) if retired else None,
    }


def _status(state: EndpointState | None, retired: Retirement | None) -> str:
    if retired is not None:
        return f"retired since {retired.since.astimezone():%Y-%m-%d %H:%M}" + (f", {state.status}" if state else "")
    return state.status if state else "no endpoint yet"


def _metric(model: dict[str, Any]) -> str:
    return sentence(model["metric"], read_metric(model["metrics"], model["metric"]))
