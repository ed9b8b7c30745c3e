"""`perennial reject`: refuses the candidate of a run that waits for a person."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.answering import answer
from cli.finding import RunId
from cli.output import Json, usage


def reject(
    run: RunId,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the record.")],
    json: Json = False,
) -> None:
    """Reject the candidate of a run that waits for a person; the champion stays.

    Who, when and why goes into the run's record."""
    if not why.strip():
        raise usage("a rejection needs a reason: --why TEXT")
    answer(run, approved=False, why=why, json=json)
