"""`perennial rollback`: makes an older version champion again, with the verification of a release."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import connection, project
from cli.output import Json, emit, line, note, usage
from perennial.client.errors import did_you_mean

CODES = {"promoted": 0, "refused": 3}


def rollback(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model: models/MODEL.yaml.")],
    to: Annotated[
        str | None, typer.Option("--to", metavar="VERSION", help="Default: the champion before this one.")
    ] = None,
    why: Annotated[str, typer.Option("--why", help="For the record.")] = "no reason given",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", "-w", help="Follow the run to its outcome.")] = True,
    json: Json = False,
) -> None:
    """Release an older version again.

    Starts a run of its own: all traffic is shifted once the version is in service, its golden rows are checked, and it
    becomes the champion again. Refused while another run of the model is active.
    """
    names = project.model_names()
    if model not in names:
        raise usage(f"no model '{model}'{did_you_mean(model, names)}")
    platform, ledger = connection.connect()

    from datetime import UTC, datetime

    from cli.progress import watch_run
    from cli.upload import show
    from cloud import rollbacks

    ends = rollbacks.target(platform, ledger, model, to)
    run = rollbacks.start(platform, ledger, ends, (connection.person(), why), datetime.now(UTC))
    serving = ends[0].version if ends[0] else None
    note(f"{run.id}: from {serving or 'no version'} back to {ends[1].id}")
    if not wait:
        emit({"run": run.id, "from": serving, "to": ends[1].id}) if json else line(run.id)
        return
    ending = watch_run(platform, ledger, run.id)
    emit({"from": serving, "to": ends[1].id} | ending.as_dict()) if json else show(ending)
    raise typer.Exit(CODES.get(ending.outcome, 1))
