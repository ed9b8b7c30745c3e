"""`perennial report`: the report of a run, the card of a model version, or the index of a model."""

from __future__ import annotations

import sys
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import connection, project, site
from cli.output import Json, line, note
from perennial import layout
from perennial.identity import model_of, upload_run_id

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from cloud.platform import Platform

BESIDE = 100  # pages that a model's page links to, the newest


@dataclass(frozen=True)
class Page:
    """A page, its JSON document, and their key in the models bucket."""

    key: str
    html: str
    to_json: str


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
    page = _page(platform, ledger, identity)
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


def _page(platform: Platform, ledger: Ledger, identity: str) -> Page:
    from cloud import report_data
    from perennial.reports import index_contents

    if identity in project.model_names():  # rendered again, because it includes running runs
        return _drawn(layout.index(identity), index_contents(report_data.history(platform, ledger, identity)))
    if "@" in identity:
        return _card(platform, ledger, identity)
    run = ledger.run(upload_run_id(identity) if identity.startswith("ds-") else identity)
    written = _written(platform, layout.report(run.model, run.id)) if run.state != "running" else None
    if written:
        return written

    from perennial.reports import run_contents

    note(f"({run.id} has no stored report: this one is made from its records)")
    return _drawn(layout.report(run.model, run.id), run_contents(report_data.of_run(platform, ledger, run)))


def _card(platform: Platform, ledger: Ledger, identity: str) -> Page:
    from cloud import report_data
    from perennial.reports import card_contents

    version = ledger.version(identity)
    key = layout.card(version.model, version.id)
    written = _written(platform, key)
    if written:
        return written
    return _drawn(key, card_contents(report_data.of_run(platform, ledger, ledger.run(version.run)), version))


def _drawn(key: str, contents: dict[str, Any]) -> Page:
    from perennial import reports

    return Page(key, reports.page(contents), reports.to_json(contents))


def _written(platform: Platform, key: str) -> Page | None:
    """The stored page, or None."""
    from cloud import s3

    bucket, to_json = platform.models_bucket, layout.json_document(key)
    try:
        return Page(key, s3.read(bucket, key).decode(), s3.read(bucket, to_json).decode())
    except s3.MissingObjectError:
        return None
