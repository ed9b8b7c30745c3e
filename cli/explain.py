"""`perennial explain`: the outcome of a run with its reasons, in five lines or in full, and the next command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import connection
from cli.environment import commands
from cli.output import Json, emit, line, next_line
from cli.runs import RunId, check_id, find_run, unknown_is_usage
from perennial import approval, layout

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from cloud.platform import Platform
    from perennial.gate.decision import Decision
    from perennial.records import Run


def explain(
    run: RunId,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="The details of each step, not the decision alone.")
    ] = False,
    json: Json = False,
) -> None:
    """Explain how a run ended.

    The decision in at most five lines: why, accuracy, fairness, value, slices and behaviour; and the next command.
    Below them the metrics of candidate and champion with their intervals."""
    check_id(run)
    platform, ledger = connection.connect()
    with unknown_is_usage():
        if run.startswith("forget-"):
            _explain_forgetting(ledger, run, json)
            return
        found = find_run(ledger, run)
        if found is None:
            _explain_waiting(ledger, run, json)
            return

    from cli.metrics import show_metrics
    from cloud import evaluations
    from perennial import explanation

    decision = _decision(platform, found)
    compared = evaluations.metric_rows(platform, found)
    until = approval.waits_until(found)
    if json:
        measured = [row.to_json() for row in compared]
        more = {"decision": decision.as_dict() if decision else None, "waits_until": until, "metrics": measured}
        emit(found.model_dump(mode="json", exclude={"token"}) | more)
        return
    if everything:
        _tell_all(found)
    else:
        for text in explanation.lines(found, decision):
            line(commands(text))
    show_metrics(compared)
    if found.state == "running" and not until:
        _tell_where(platform, found)


def _explain_forgetting(ledger: Ledger, identity: str, json: bool) -> None:
    """Tells the stage of a forgetting, or its end. It holds the lease of its model, as a run does."""
    from cloud import forgettings

    found = forgettings.get(ledger, identity)
    if json:
        emit(found.model_dump(mode="json", exclude={"token"}) | {"next": found.next_command})
        return
    line(f"{found.id}: {found.outcome}; began {found.started_at.astimezone():%Y-%m-%d %H:%M:%S}, by {found.who}")
    if found.outcome == "running":
        line(f"stage {found.stage}, item {found.position:,}")
        return
    for reason in found.reasons:
        line(reason)
    next_line(found.next_command)


def _tell_all(found: Run) -> None:
    from perennial import explanation

    line(f"{found.id}: {found.state}")
    line(
        f"  began {found.started_at.astimezone():%Y-%m-%d %H:%M:%S}{_length(found)}; {found.trigger} of {found.dataset}"
    )
    for step in found.steps:
        for sentence in step.sentences:
            line(f"  {step.name}: {sentence}")
    for reason in found.reasons:
        line(reason)
    command = explanation.next_command(found)
    if command:
        next_line(command)


def _tell_where(platform: Platform, run: Run) -> None:
    from cloud import executions

    entered = executions.entered_states(platform, run.id)
    line(f"Now at: {entered[-1].name if entered else 'its start'}.")


def _decision(platform: Platform, run: Run) -> Decision | None:
    """The gate's decision; None if the run ended before the gate."""
    from cloud import s3
    from perennial.gate.decision import Decision

    if run.step("gate") is None:
        return None
    try:
        return Decision.from_dict(s3.read_json(platform.models_bucket, layout.run(run.id, layout.DECISION)))
    except (s3.MissingObjectError, KeyError, TypeError, ValueError):
        return None


def _explain_waiting(ledger: Ledger, identity: str, json: bool) -> None:
    dataset = ledger.dataset(identity)
    if json:
        emit({"dataset": dataset.id, "state": dataset.state})
        return
    line(f"{dataset.id}: {dataset.state}")
    line(f"{dataset.name} waits until the current run of {dataset.model} ends.")
    next_line(f"perennial runs --model {dataset.model}")


def _length(run: Run) -> str:
    return f", took {(run.ended_at - run.started_at).total_seconds():.1f} s" if run.ended_at else ""
