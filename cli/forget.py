"""`perennial forget`: shows every place that holds data of a person, and what forgetting it takes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli import connection, project
from cli.output import Json, emit, line, next_line, note, usage

if TYPE_CHECKING:
    from perennial.forgetting.tracing import Tracer

Subjects = Annotated[
    list[str],
    typer.Option("--subject", metavar="KEY=VALUE", help="The person: KEY=VALUE&KEY=VALUE for several columns."),
]


def forget(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model: models/MODEL.yaml.")],
    subject: Subjects,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan and the price, and change nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Show where data of a person lies.

    Every version of every object of the model is read, so it takes time and costs requests. This release deletes
    nothing: --dry-run is required, and docs/privacy.md has the steps by hand. Give --subject once for each person.
    """
    if not dry_run:
        raise usage("--dry-run is required: this release shows the plan and deletes nothing; next: docs/privacy.md")
    tracer = tracer_of(model, subject)
    platform, ledger = connection.connect()
    from cloud import forgetting

    found = forgetting.planned(platform, ledger, tracer, datetime.now(UTC))
    if json:
        emit(found.as_dict())
        return
    for text in found.lines():
        line(text)
    if found.is_empty:
        return
    for place in found.unreachable:
        note(f"not searched: {place['place']}, until {place['ends'] or 'their owners end it'} ({place['advice']})")
    next_line("docs/privacy.md")


def tracer_of(model: str, subject: list[str]) -> Tracer:
    """The search for the subjects that the options name. Raises SubjectError."""
    spec = project.spec(model)
    from perennial.forgetting.subject import parse
    from perennial.forgetting.tracing import Tracer

    return Tracer(spec, [parse(text, spec) for text in subject])
