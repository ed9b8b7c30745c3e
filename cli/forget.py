"""`perennial forget`: shows every place that holds data of a person, and has it forgotten."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import connection, project
from cli.output import CommandError, Json, emit, interrupted, line, next_line, note, stderr, usage

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from cloud.platform import Platform
    from perennial.forgetting.planning import Plan
    from perennial.forgetting.tracing import Tracer
    from perennial.forgetting.work import Forgetting

LOOK_SECONDS = 2

Subjects = Annotated[
    list[str] | None,
    typer.Option("--subject", metavar="KEY=VALUE", help="The person: KEY=VALUE&KEY=VALUE for several columns."),
]


def forget(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model: models/MODEL.yaml.")],
    subject: Subjects = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan and the price, and change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; without a terminal it is needed.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", "-w", help="Follow the work to its end.")] = True,
    resume: Annotated[
        str, typer.Option("--resume", metavar="ID", help="Begin one again that ended incomplete or has died.")
    ] = "",
    receipt: Annotated[
        str, typer.Option("--receipt", metavar="ID", help="Write receipt, signature and public key to build/receipts.")
    ] = "",
    json: Json = False,
) -> None:
    """Forget a person: delete and rewrite their data, and train again what learned from it.

    Every version of every object of the model is read, so it takes time and costs requests. The work goes on by itself
    and survives this command. Give --subject once for each person. docs/privacy.md has the places and the limits."""
    if sum(map(bool, (subject, resume, receipt))) != 1:
        raise usage("give --subject KEY=VALUE, or --resume ID, or --receipt ID; next: perennial forget -h")
    if receipt:
        _receipt(model, receipt, json)
        return
    if resume:
        platform, ledger = connection.connect()
        from cloud import forgettings

        _follow(platform, ledger, forgettings.resume(platform, ledger, _own(model, resume)), wait, json)
        return
    tracer = tracer_of(model, subject or [])
    platform, ledger = connection.connect()
    from cloud import forgetting, forgettings

    if dry_run or not yes:
        found = forgetting.planned(platform, ledger, tracer, datetime.now(UTC))
        if dry_run and json:
            emit(found.as_dict())
            return
        _show(found, to_people=dry_run)
        if dry_run or found.is_empty:
            return
        _confirm(model)
    asked = (connection.person(), datetime.now(UTC))
    begun = forgettings.begin(platform, ledger, tracer.spec, tracer.subjects, asked)
    _follow(platform, ledger, begun, wait, json)


def _show(found: Plan, to_people: bool) -> None:
    for text in found.lines():
        line(text) if to_people else note(text)
    if found.is_empty:
        return
    for place in found.unreachable:
        note(f"not searched: {place['place']}, until {place['ends'] or 'their owners end it'} ({place['advice']})")
    if to_people:
        next_line(f"perennial forget {found.model} --subject KEY=VALUE")


def _confirm(model: str) -> None:
    if not sys.stdin.isatty():
        raise usage("this deletes data for good, and there is no terminal to ask; next: the same command with --yes")
    if not typer.confirm(f"Forget these subjects in {model}? It cannot be undone.", err=True):
        raise CommandError("nothing was changed")


def _follow(platform: Platform, ledger: Ledger, record: Forgetting, wait: bool, json: bool) -> None:
    """Waits for the end; exits with 1 where it is incomplete."""
    from cloud import forgettings

    note(f"{record.id}: forgets, until it is done or a person must decide")
    goes_on = f"only this command has ended: {record.id} goes on in the cloud; next: perennial lineage {record.model}"
    with stderr().status("working ...") as status, interrupted(lambda: goes_on):
        while wait and record.outcome == "running":
            status.update(f"{record.stage}, item {record.position:,} ...")
            time.sleep(LOOK_SECONDS)
            record = forgettings.get(ledger, record.id)
            if record.outcome == "running" and not forgettings.is_running(platform, record):
                record = forgettings.get(ledger, record.id)
                if record.outcome == "running":
                    raise CommandError(f"its execution has ended; next: {record.next_command}")
    if json:
        emit(record.model_dump(mode="json") | {"next": record.next_command})
    else:
        line(f"{record.id}: {record.outcome}")
        for reason in record.reasons:
            line(reason)
        next_line(record.next_command if record.outcome != "running" else f"perennial forget {record.model} -h")
    if record.outcome == "incomplete":
        raise typer.Exit(1)


def _receipt(model: str, identity: str, json: bool) -> None:
    """Writes the three files, and names the command that verifies them."""
    platform, ledger = connection.connect()
    from cloud import forgettings, s3
    from perennial import layout
    from perennial.forgetting.receipt import Receipt, lines

    record = forgettings.get(ledger, _own(model, identity))
    try:
        files = forgettings.signed(platform, record)
    except s3.MissingObjectError:
        raise CommandError(f"{identity} has no receipt: it is {record.outcome}; next: {record.next_command}") from None
    folder = Path("build/receipts")
    folder.mkdir(parents=True, exist_ok=True)
    paths = {ending: folder / f"{identity}{ending}" for ending in files}
    for ending, body in files.items():
        paths[ending].write_bytes(body)
    document, signature, key = (paths[each] for each in (layout.RECEIPT, layout.SIGNATURE, layout.PUBLIC_KEY))
    if json:
        emit({"receipt": str(document), "signature": str(signature), "public_key": str(key)})
        return
    for text in lines(Receipt.read(files[layout.RECEIPT])):
        line(text)
    next_line(f"openssl dgst -sha256 -verify {key} -signature {signature} {document}")


def _own(model: str, identity: str) -> str:
    if not identity.startswith(f"forget-{model}-"):
        raise usage(f"'{identity}' is no forgetting of {model}; expected forget-{model}-DIGITS")
    return identity


def tracer_of(model: str, subject: list[str]) -> Tracer:
    """The search for the subjects that the options name. Raises SubjectError."""
    spec = project.spec(model)
    from perennial.forgetting.subject import parse
    from perennial.forgetting.tracing import Tracer

    return Tracer(spec, [parse(text, spec) for text in subject])
