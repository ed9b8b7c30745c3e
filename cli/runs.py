"""`perennial runs`: lists runs, newest first; and finds the run of an id."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import connection, project
from cli.environment import commands
from cli.output import Json, emit, note, shortened, show, table, usage
from perennial import approval
from perennial.client.errors import did_you_mean
from perennial.identity import UnknownIdError, model_of, upload_run_id

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from perennial.records import Run

RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run, or the dataset or model version that it belongs to.")]


def runs(
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="NAME", help="Only this model's runs.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="The maximum number of runs.")] = 20,
    json: Json = False,
) -> None:
    """List runs, newest first."""
    names = project.model_names()
    if model is not None and model not in names:
        raise usage(f"no model '{model}'{did_you_mean(model, names)}")
    _, ledger = connection.connect()
    from cloud import recent

    found = [run for name in ([model] if model else names) for run in recent.runs(ledger, name, limit)]
    found = sorted(found, key=lambda run: run.started_at, reverse=True)[:limit]
    for upload in ledger.unknown_uploads() if model is None else ():
        note(f"refused: s3://{upload.bucket}/{upload.key} belongs to no deployed model")
    if json:
        emit([_as_dict(run) for run in found])
    elif found:
        rows = ((run.id, _state(run), _when(run), _seconds(run), run.version, _reason(run)) for run in found)
        show(table(("run", "state", "started", "seconds", "version", "why"), rows))
    else:
        note("no runs yet; next: perennial upload FILE --model NAME --wait")


def _as_dict(run: Run) -> dict[str, Any]:
    return run.model_dump(mode="json", exclude={"steps", "token"}) | {"waits_until": approval.waits_until(run)}


def _state(run: Run) -> str:
    return "waiting" if approval.waits_until(run) else run.state


def _when(run: Run) -> str:
    return run.started_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _seconds(run: Run) -> str:
    return f"{(run.ended_at - run.started_at).total_seconds():.1f}" if run.ended_at else ""


def _reason(run: Run) -> str:
    """The first reason after the sentence about the outcome; `perennial explain` shows all."""
    until = approval.waits_until(run)
    if until:
        return commands(f"{approval.waiting(until)}; next: perennial approve {run.id}")
    return shortened(run.reasons[min(1, len(run.reasons) - 1)]) if run.reasons else ""


def check_id(identity: str) -> None:
    """Raises the error for wrong usage for a text that is no id, before the connection to a cloud."""
    try:
        model_of(identity)
    except UnknownIdError as error:
        if project.found() is not None and identity in project.model_names():
            command = f"perennial runs --model {identity}"
            raise usage(f"'{identity}' is the name of a model and no id; next: {command}") from None
        raise usage(f"{error}; next: perennial runs") from None


@contextmanager
def unknown_is_usage() -> Iterator[None]:
    """Makes the error for an id that the ledger does not know one for wrong usage."""
    from cloud.ledger import MissingRecordError

    try:
        yield
    except MissingRecordError as error:
        raise usage(str(error)) from None


def find_run(ledger: Ledger, identity: str) -> Run | None:
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
