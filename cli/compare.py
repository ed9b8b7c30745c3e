"""`perennial compare`: two runs or model versions side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import connection
from cli.output import Json, emit, line, show, table
from cli.runs import check_id, unknown_is_usage

Id = Annotated[str, typer.Argument(metavar="ID", help="A model version, a run, or its dataset.")]


def compare(a: Id, b: Id, json: Json = False) -> None:
    """Compare two model versions or runs.

    Shows what differs in their specs, the datasets that they learned from, and their metrics with intervals. The
    metrics are each one's own, on its own held-out rows; `perennial explain RUN` has those of a candidate and its
    champion on the same rows.
    """
    for identity in (a, b):
        check_id(identity)
    platform, ledger = connection.connect()

    from perennial.client import comparison

    with unknown_is_usage():
        found = comparison.compare(platform, ledger, a, b)
    if json:
        emit(found.as_dict())
        return
    for name, side in (("A", found.a), ("B", found.b)):
        line(f"{name}  {side.name}: {side.state}, {side.version or 'no version'}, by {side.run}")
    for title, rows in (("metric", found.metrics), ("rows of", found.data), ("spec", found.spec)):
        line()
        if rows:
            show(table((title, "A", "B"), rows))
        else:
            line(f"{title}: no difference")
    if not found.same_rows:
        line()
        line("The datasets differ, so the metrics are on different held-out rows.")
