"""`perennial report`: the report of a run, the card of a model version, or the index of a model."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import connection, project, site
from cli.output import Json, line, note
from perennial import layout
from perennial.identity import model_of

if TYPE_CHECKING:
    pass

BESIDE = 100  # pages that a model's page links to, the newest


def report(
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="A run, or its dataset; a model version for its card; or a model.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="The folder; default: below build/reports.")
    ] = None,
    browse: Annotated[
        bool | None, typer.Option("--open/--no-open", help="Open it in a browser. Default: on a terminal.")
    ] = None,
    json: Json = False,
) -> None:
    """Fetch the report of a run.

    The report of a run that has not written one is rendered from the records. --json prints the content of the page.
    """
    if identity not in project.model_names():
        model_of(identity)  # an invalid id is reported before the connection to a cloud
    platform, ledger = connection.connect()

    from perennial.client import pages

    page = pages.of(platform, ledger, identity, project.model_names())
    if not page.stored and identity not in project.model_names() and "@" not in identity:
        note(f"({identity} has no stored report: this one is made from its records)")
    if json:
        line(page.to_json.rstrip("\n"))
        return
    path = out or site.place_of(page.key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page.html, encoding="utf-8")
    if out is None:
        site.fetch(platform, layout.reports(page.key.split("/")[1]), BESIDE, page.key)
    line(str(path))
    if sys.stdout.isatty() if browse is None else browse:
        webbrowser.open(path.resolve().as_uri())
