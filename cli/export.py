"""`perennial export`: a run or a model to a tracking server of the team."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import connection, project
from cli.output import CommandError, Json, emit, line, note, usage
from perennial.identity import model_of, upload_run_id
from perennial.tracking.receiver import Receiver, ReceiverError

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from cloud.platform import Platform
    from perennial.records import Run

#: by target: the variable of the server's URL, as the target's own tools name it
URLS = {"mlflow": "MLFLOW_TRACKING_URI", "openlineage": "OPENLINEAGE_URL"}


class Target(StrEnum):
    """The kind of a tracking server."""

    MLFLOW = "mlflow"
    OPENLINEAGE = "openlineage"


def export(
    target: Annotated[Target, typer.Argument(metavar="mlflow|openlineage", help="The kind of the server.")],
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="A run, its dataset, a model version, or a model for all its runs.")
    ],
    uri: Annotated[
        str, typer.Option("--uri", metavar="URL", help="The server. Default: MLFLOW_TRACKING_URI or OPENLINEAGE_URL.")
    ] = "",
    json: Json = False,
) -> None:
    """Export runs to an MLflow tracking server, or as events of OpenLineage.

    MLflow receives parameters, metrics with their intervals, datasets, the report, and the model: in its registry, the
    alias champion leads to the version that serves. A repeated export changes nothing. Credentials are in
    MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD; in OPENLINEAGE_API_KEY.
    """
    receiver = receiver_of(target, uri, f"export {target} ID")
    if identity not in project.model_names():
        model_of(identity)  # an invalid id is reported before the connection to a cloud
    platform, ledger = connection.connect()
    found = [run for run in _runs(ledger, identity) if run.state not in ("pending", "running")]
    if not found:
        raise CommandError(f"no run of {identity} has ended yet; next: perennial runs")
    send = _to_mlflow if target is Target.MLFLOW else _to_openlineage
    told = [send(platform, ledger, receiver, run) for run in found]
    if json:
        emit(told)
        return
    for one in told:
        line(f"{one['run']}: {one['told']}")


def receiver_of(target: Target, uri: str, command: str) -> Receiver:
    """The server at a URI, or in the target's variable; `command` is named where there is neither."""
    url = uri or os.environ.get(URLS[target], "")
    if not url:
        raise usage(f"no server is named; next: perennial {command} --uri URL, or set {URLS[target]}")
    if target is Target.OPENLINEAGE:
        given = {"token": os.environ.get("OPENLINEAGE_API_KEY", "")}
    else:
        names = {"token": "TOKEN", "user": "USERNAME", "password": "PASSWORD"}
        given = {name: os.environ.get(f"MLFLOW_TRACKING_{variable}", "") for name, variable in names.items()}
    try:
        return Receiver.of(url, **given)
    except ReceiverError as error:
        raise usage(str(error)) from None


def _runs(ledger: Ledger, identity: str) -> list[Run]:
    """The runs, the oldest first."""
    if identity in project.model_names():
        return sorted(ledger.runs(identity), key=lambda run: run.started_at)
    if "@" in identity:
        return [ledger.run(ledger.version(identity).run)]
    return [ledger.run(upload_run_id(identity) if identity.startswith("ds-") else identity)]


def _to_mlflow(platform: Platform, ledger: Ledger, receiver: Receiver, run: Run) -> dict[str, Any]:
    from cloud import mlflow

    done = mlflow.export(platform, ledger, receiver, run)
    for sentence in done.left_out:
        note(f"({run.id}: left out, {sentence})")
    page = "/".join((receiver.url, "#", "experiments", done.experiment, "runs", done.run))
    registered = f", registered as {done.model_version}" + (" (champion)" if done.alias else "")
    told = page + (registered if done.model_version else "")
    return {"run": run.id, "told": told, "mlflow_run": done.run, "model_version": done.model_version,
            "champion": done.alias, "left_out": list(done.left_out)}  # fmt: skip


def _to_openlineage(platform: Platform, ledger: Ledger, receiver: Receiver, run: Run) -> dict[str, Any]:
    from cloud import openlineage

    kinds = openlineage.export(platform, ledger, receiver, run, with_start=True)
    return {"run": run.id, "told": f"{' and '.join(kinds)} sent to {receiver.url}", "events": kinds}
