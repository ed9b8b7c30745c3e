"""`perennial retrain`: trains a model again on the data that it has, after a change of its spec or its code."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli import connection, project
from cli.output import Json, emit, line, note, usage
from perennial.client.errors import did_you_mean


def retrain(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model: models/MODEL.yaml.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="For the record.")] = "no reason given",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", "-w", help="Follow the run to its outcome.")] = True,
    json: Json = False,
) -> None:
    """Train a model again.

    On its newest accepted datasets, as the deployed spec has it, without an upload: for a change of parameters,
    estimator or gate, after it was deployed. The candidate is judged as any other. A change of columns needs an upload,
    because the data is kept as it was read."""
    names = project.model_names()
    if model not in names:
        raise usage(f"no model '{model}'{did_you_mean(model, names)}")
    platform, ledger = connection.connect()

    from cli.progress import watch_run
    from cli.upload import CODES, show
    from cloud import retraining_requests
    from perennial.client.uploads import Uploads

    Uploads(platform, ledger).check(model)
    run = retraining_requests.request(platform, ledger, model, (connection.person(), why), datetime.now(UTC))
    note(f"{run}: trains {model} again")
    if not wait:
        emit({"run": run}) if json else line(run)
        return
    decision = watch_run(platform, ledger, run)
    emit(decision.as_dict()) if json else show(decision)
    raise typer.Exit(CODES.get(decision.outcome, 0))
