"""`perennial approve`: lets the candidate of a run that waits for a person be released."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.answering import answer
from cli.finding import RunId
from cli.output import Json


def approve(
    run: RunId,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the record.")] = "",
    json: Json = False,
) -> None:
    """Approve the candidate of a run that waits for a person.

    Who, when and why goes into the run's record."""
    answer(run, approved=True, why=why, json=json)
