"""`perennial stop`: ends a run, or a batch of predictions, with all that it had begun."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Annotated

import typer

from cli import connection, environment
from cli.output import CommandError, Json, emit, interrupted, line, note, stderr, usage
from cli.runs import find_run
from perennial.identity import UnknownIdError, model_of

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from cloud.platform import Platform
    from perennial.client.decision import Decision
    from perennial.records import Run


def stop(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="A run, the dataset that it belongs to, or the job of a batch.")
    ],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the record.")] = "no reason given",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", "-w", help="Follow the run to its end.")] = True,
    json: Json = False,
) -> None:
    """Stop a run.

    Its training job is stopped, a release under way is rolled back to the champion, and the dataset that waits goes
    on. A run that has ended stays as it is."""
    if environment.chosen().is_batch(run):
        _stop_batch(run, json)
        return
    platform, ledger = connection.connect()
    found = find(ledger, run)
    if found.state != "running":
        told = {"run": found.id, "outcome": found.state, "stopped": False}
        emit(told) if json else line(f"{found.id} has ended already: {found.state}")
        return
    if not wait:
        request(platform, ledger, found, why)
        emit({"run": found.id, "outcome": None, "stopped": None}) if json else line(f"{found.id} is being stopped")
        return
    ending = end(platform, ledger, found, why)
    stopped = ending.outcome == "stopped"
    emit(ending.as_dict() | {"stopped": stopped}) if json else _show(ending)
    raise typer.Exit(0 if stopped else 1)


def find(ledger: Ledger, identity: str) -> Run:
    """The run of an id. CommandError (2) where there is none."""
    from cloud.ledger import MissingRecordError

    try:
        model_of(identity)
        found = find_run(ledger, identity)
    except (UnknownIdError, MissingRecordError) as error:
        raise usage(str(error)) from None
    if found is None:
        raise CommandError(f"{identity} waits for another run, and has none to stop; next: perennial runs")
    return found


def request(platform: Platform, ledger: Ledger, run: Run, why: str) -> None:
    """Asks for the end of a run."""
    from datetime import UTC, datetime

    from cloud import stops

    stops.request(platform, ledger, run, (connection.person(), why), datetime.now(UTC))


def end(platform: Platform, ledger: Ledger, run: Run, why: str) -> Decision:
    """Asks for the end of a run, and follows it there."""
    from cli.progress import watch_run

    request(platform, ledger, run, why)
    note(f"stopping {run.id}")
    return watch_run(platform, ledger, run.id)


def _show(ending: Decision) -> None:
    from cli.upload import show

    show(ending)


def _stop_batch(job: str, json: bool) -> None:
    """Stops a transform job, and waits until it has ended."""
    connection.choose()

    from botocore.exceptions import ClientError

    from cloud import jobs

    try:
        found = jobs.describe_transform(job)
    except ClientError as error:
        if "not found" not in error.response["Error"]["Message"].lower():
            raise
        raise usage(f"there is no batch {job}") from None
    already = found.has_ended
    if not already:
        jobs.stop_transform(job)
    pause = 0.3 if os.environ.get("AWS_ENDPOINT_URL") else 10.0
    goes_on = f"only this command has ended: {job} is being stopped in the cloud"
    with stderr().status(f"{job} ...") as status, interrupted(lambda: goes_on):
        while not found.has_ended:
            found = jobs.describe_transform(job)
            status.update(f"{job}: {found.status} ...")
            time.sleep(0 if found.has_ended else pause)
    told = {"job": job, "outcome": found.status.lower(), "stopped": not already and found.status == "Stopped"}
    emit(told) if json else line(f"{job} {'has ended already: ' if already else ''}{found.status.lower()}")
