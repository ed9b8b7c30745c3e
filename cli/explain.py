"""`perennial explain`: why a run ended as it did, in sentences, and what to type next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import clouds
from cli.output import Json, emit, line
from perennial.identity import model_of, upload_run_id

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from perennial.records import Run


def explain(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run, or the dataset or model version that it belongs to.")
    ],
    json: Json = False,
) -> None:
    """Explain how a run ended.

    What each step found, the reason of its outcome, and the next command."""
    model_of(run)  # an id that is none is said to be so before a cloud is asked
    platform, ledger = clouds.connect()
    found = _find(ledger, run)
    if found is None:
        _explain_waiting(ledger, run, json)
        return
    if json:
        emit(found.model_dump(mode="json", exclude={"token"}))
        return
    line(f"{found.id}: {found.state}")
    line(
        f"  began {found.started_at.astimezone():%Y-%m-%d %H:%M:%S}{_length(found)}; {found.trigger} of {found.dataset}"
    )
    for step in found.steps:
        for sentence in step.sentences:
            line(f"  {step.name}: {sentence}")
    if found.state == "running":
        from cloud import executions

        entered = executions.entered_states(platform, found.id)
        line(f"Now at: {entered[-1] if entered else 'its start'}.")
    for reason in found.reasons:
        line(reason)
    if found.next_command:
        line(f"next: {found.next_command}")


def _find(ledger: Ledger, identity: str) -> Run | None:
    """The run, or None for a dataset that still waits for one."""
    from cloud.ledger import MissingRecordError

    if "@" in identity:
        return ledger.run(ledger.version(identity).run)
    if not identity.startswith("ds-"):
        return ledger.run(identity)
    try:
        return ledger.run(upload_run_id(identity))
    except MissingRecordError:
        return None


def _explain_waiting(ledger: Ledger, identity: str, json: bool) -> None:
    dataset = ledger.dataset(identity)
    if json:
        emit({"dataset": dataset.id, "state": dataset.state})
        return
    line(f"{dataset.id}: {dataset.state}")
    line(f"{dataset.name} waits until the run of {dataset.model} that is under way has ended.")
    line(f"next: perennial runs --model {dataset.model}")


def _length(run: Run) -> str:
    return f", took {(run.ended_at - run.started_at).total_seconds():.1f} s" if run.ended_at else ""
