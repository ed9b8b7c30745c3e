"""`perennial import`: a model that was trained elsewhere, as a candidate of a model here."""

from __future__ import annotations

import json as documents
import tempfile
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli import connection, export, project
from cli.output import CommandError, Json, Model, emit, line, note, usage
from perennial import installation
from perennial.client.errors import did_you_mean
from perennial.imports import ImportedModelError


class Source(StrEnum):
    """The kind of the server that has the model."""

    MLFLOW = "mlflow"


def import_(
    source: Annotated[Source, typer.Argument(metavar="mlflow", help="The kind of the server.")],
    uri: Annotated[
        str, typer.Argument(metavar="URI", help="models:/NAME/VERSION, models:/NAME@ALIAS or models:/m-ID.")
    ],
    model: Model,
    server: Annotated[str, typer.Option("--uri", metavar="URL", help="The server. Default: MLFLOW_TRACKING_URI.")] = "",
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="For the record.")] = "no reason given",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", "-w", help="Follow the run to its outcome.")] = True,
    json: Json = False,
) -> None:
    """Judge a model of an MLflow server as a candidate.

    Its flavour must be sklearn, stored as skops, with the training image's version of scikit-learn, and its signature
    must fit the model's contract. A run judges it on the held-out rows of the newest accepted datasets, as any other
    candidate; nothing is fitted. Which rows it was trained on is not known, and the record says so. Credentials are
    those of export."""
    names = project.model_names()
    if model not in names:
        raise usage(f"no model '{model}'{did_you_mean(model, names)}")
    receiver = export.receiver_of(export.Target.MLFLOW, server, f"import mlflow URI --model {model}")
    spec = project.spec(model)

    from cloud import mlflow_models

    if not mlflow_models.is_uri(uri):
        raise usage(f"'{uri[:200]}' names no model of MLflow; expected {mlflow_models.FORMS}")
    image = documents.loads((installation.packages() / "training" / "image.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        try:
            fetched = mlflow_models.fetch(receiver, uri, spec, image["packages"], Path(scratch))
        except ImportedModelError as error:
            raise CommandError(f"{uri}: {error}") from None
        note(f"{uri}: scikit-learn {image['packages']['scikit-learn']}, SHA-256 {fetched.facts.sha256[:12]}")
        platform, ledger = connection.connect()

        from cli.progress import watch_run
        from cli.upload import CODES, show
        from cloud import retraining_requests
        from perennial.client.uploads import Uploads

        Uploads(platform, ledger).check(model)
        digest = mlflow_models.keep(platform, model, fetched)
    asked = (connection.person(), f"{uri} of {receiver.url}; {why}")
    run = retraining_requests.request(platform, ledger, model, asked, datetime.now(UTC), digest)
    note(f"{run}: judges it as a candidate of {model}")
    if not wait:
        emit({"run": run}) if json else line(run)
        return
    decision = watch_run(platform, ledger, run)
    emit(decision.as_dict()) if json else show(decision)
    raise typer.Exit(CODES.get(decision.outcome, 0))


import_.__name__ = "import"  # the name of the command, which is a word of Python
