"""Which run is meant: by its own id, or that of the dataset or model version that belongs to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from perennial.identity import upload_run_id

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from perennial.records import Run

RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run, or the dataset or model version that it belongs to.")]


def find(ledger: Ledger, identity: str) -> Run | None:
    """The run, or None for a dataset that still waits for one."""
    from cloud.ledger import MissingRecordError

    if "@" in identity:
        return ledger.run(ledger.version(identity).run)
    if not identity.startswith("ds-"):
        return ledger.run(identity)
    try:
        return ledger.run(upload_run_id(identity))
    except MissingRecordError:
        return None
