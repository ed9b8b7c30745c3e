"""`perennial monitor`: the last look at a model in service, and the decisions on its retraining."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import connection, project
from cli.environment import commands
from cli.output import Json, emit, line, next_line, show, table, usage
from perennial.contract.values import rounded

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from perennial.monitoring.looks import MetricPair
    from perennial.retraining_records import RetrainingDecision


def monitor(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model: models/MODEL.yaml.")],
    resume: Annotated[bool, typer.Option("--resume", help="Let trainings go on after refused candidates.")] = False,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="With --resume: the reason, for the record.")] = "",
    json: Json = False,
) -> None:
    """Show the state of a model in service.

    The sentences of the last look, and the newest decisions to retrain it or not, each with its reasons. After refused
    candidates in a row trainings stop until --resume.
    """
    project.spec(model)  # an unknown name is reported before the connection to a cloud
    if resume and not why.strip():
        raise usage("--why TEXT is required with --resume: the reason is kept in the ledger")
    _, ledger = connection.connect()
    from cloud import retrainings

    if resume:
        _resume(ledger, model, why.strip())
    found, decisions = ledger.monitoring(model), retrainings.decisions(ledger, model)
    if json:
        emit({"model": model, "look": found, "decisions": [each.model_dump(mode="json") for each in decisions]})
        return
    _tell(model, found, decisions)


def _resume(ledger: Ledger, model: str, why: str) -> None:
    from datetime import UTC, datetime

    from cloud import retrainings
    from perennial.retraining_records import Resumption

    who, now = connection.person(), datetime.now(UTC)
    retrainings.resume(ledger, Resumption(model=model, who=who, why=why, at=now))
    line(f"{model}: trainings may go on, by {who}: {why}")


def _tell(model: str, found: dict[str, Any] | None, decisions: list[RetrainingDecision]) -> None:
    if found is None:
        line(f"{model}: not looked at yet")
    else:
        line(f"{model}: {found.get('verdict') or _state(found)}, at {found['at'][:16]} UTC")
        for sentence in found.get("sentences", ()):
            line(f"  {sentence}")
        if found.get("metrics"):
            from perennial.monitoring.looks import LookRecord  # Polars takes a while to import

            metrics = LookRecord.from_json(found).metrics
            show(table(("metric", "promised", "live", "estimated"), (_row(each) for each in metrics)))
    for each in decisions:
        looks = f", {each.looks} looks until {each.last_at:%Y-%m-%d %H:%M}" if each.looks > 1 else ""
        run = f", {each.run}" if each.run else ""
        line(f"{each.at:%Y-%m-%d %H:%M} {each.action} ({each.rule}{looks}{run})")
        for sentence in each.sentences:
            line(f"  {commands(sentence)}")
    if decisions and decisions[0].action == "ask":
        next_line(f"perennial monitor {model} --resume --why TEXT")


def _state(found: Mapping[str, Any]) -> str:
    """The state by a look of an older release."""
    return "stale" if found.get("stale") else "not stale"


def _row(metric: MetricPair) -> tuple[str, str, str, str]:
    return metric.name, _told(metric.promised), _told(metric.live), _told(metric.estimated)


def _told(metric: Mapping[str, Any] | None) -> str:
    """A metric with its interval; empty where it is unknown."""
    if metric is None or metric.get("value") is None:
        return ""
    low, high = metric.get("low"), metric.get("high")
    between = "" if low is None or high is None else f" ({rounded(low)} to {rounded(high)})"
    return f"{rounded(metric['value'])}{between}"
