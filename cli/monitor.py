"""`perennial monitor`: the verdict of the newest look at a model's traffic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import connection, project
from cli.output import CommandError, Json, emit, line, show, table
from perennial.contract.values import rounded

if TYPE_CHECKING:
    from perennial.monitoring.looks import MetricPair


def monitor(
    model: Annotated[str, typer.Argument(help="The model.")],
    json: Json = False,
) -> None:
    """Show whether a model in service is fresh, with its reasons and its metrics promised and live."""
    spec = project.spec(model)
    _, ledger = connection.connect()
    record = ledger.monitoring(model)
    if record is None:
        raise CommandError(
            f"no look at the traffic of {model} yet; one is taken every {spec.monitoring.every_hours} hours once it "
            "has a champion; next: perennial models"
        )
    if json:
        emit(record)
        return
    if "verdict" not in record:  # an older release wrote it
        line("\n".join(record["sentences"]))
        return
    from perennial.monitoring.looks import LookRecord  # Polars takes a while to import; --help does not need it

    found = LookRecord.from_json(record)
    line(f"{model} is {found.verdict}: version {found.version}, looked at on {found.at[:16].replace('T', ' ')} UTC")
    line("\n".join(f"- {sentence}" for sentence in found.sentences))
    show(table(("metric", "promised", "live", "estimated"), (_row(each) for each in found.metrics)))


def _row(metric: MetricPair) -> tuple[str, str, str, str]:
    return metric.name, _told(metric.promised), _told(metric.live), _told(metric.estimated)


def _told(metric: Mapping[str, Any] | None) -> str:
    """A metric with its interval; empty where it is unknown."""
    if metric is None or metric.get("value") is None:
        return ""
    low, high = metric.get("low"), metric.get("high")
    between = "" if low is None or high is None else f" ({rounded(low)} to {rounded(high)})"
    return f"{rounded(metric['value'])}{between}"
