"""`perennial upload`: uploads a dataset and follows its run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import card_option, connection, project
from cli.output import ERROR, REFUSED, Json, Model, emit, interrupted, line, next_line, note

if TYPE_CHECKING:
    from perennial.client.decision import Decision

CODES = {"refused": REFUSED, "quarantined": REFUSED, "failed": ERROR}


def upload(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file, or a folder of files that are one dataset.")],
    model: Model,
    card: card_option.Option = None,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Follow the run to its outcome.")] = False,
    json: Json = False,
) -> None:
    """Upload a dataset. With --wait, a dataset that is quarantined or a model that is refused gives exit code 3.

    With --wait, the metrics of candidate and champion are shown with their intervals."""
    project.spec(model)
    platform, ledger = connection.connect()

    from perennial.client.uploads import Uploads

    sentence = "the upload was not finished, and no run begins: a dataset is whole with its last object"
    with interrupted(lambda: sentence):
        uploaded = Uploads(platform, ledger, note).put(file, model, card)
    note(f"uploaded to s3://{uploaded.bucket}/{uploaded.key}")
    told: dict[str, Any] = {"dataset": uploaded.dataset, "key": uploaded.key, "version_id": uploaded.version_id}
    if not wait:
        emit(told) if json else line(uploaded.dataset)
        return

    from cli.progress import watch

    decision = watch(platform, ledger, uploaded.dataset)
    emit(told | decision.as_dict()) if json else show(decision)
    raise typer.Exit(CODES.get(decision.outcome, 0))


def show(decision: Decision) -> None:
    """Shows the outcome, the reasons, the metrics and the next command."""
    from cli.metrics import show_metrics

    line(f"{decision.outcome}  {decision.version or ''}".rstrip())
    for reason in decision.reasons:
        line(f"  {reason}")
    show_metrics(decision.metrics)
    next_line(decision.next_command)
