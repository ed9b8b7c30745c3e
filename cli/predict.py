"""`perennial predict`: predictions of a model's endpoint for the rows of a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import environment
from cli.output import CommandError, Json, Model, emit, note, printable

if TYPE_CHECKING:
    from cli.requests import Request


def predict(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, CSV.gz, Parquet or JSON lines; '-' reads stdin.")],
    model: Model,
    json: Json = False,
) -> None:
    """Predict for each row of a file.

    CSV on stdout, in the order of the file."""
    from cli.requests import endpoint_requests  # Polars takes a while to import; --help does not need it
    from cli.serving import serving
    from cli.tables import read

    spec = serving(model).spec
    table = read(file, as_text=True, columns=spec.columns)
    batches = endpoint_requests(table, spec)
    answers: list[dict[str, Any]] = []
    served = ""
    for number, question in enumerate(batches):
        answer, served = _ask(model, question, "application/json" if json else "text/csv")
        if json:
            answers += _json(answer)["predictions"]
        else:
            _print(answer, with_header=number == 0)
    note(f"{table.frame.height:,} rows predicted by {served.removeprefix('model=')}")
    if json:
        emit({"model": served.removeprefix("model="), "predictions": answers})


def _ask(model: str, question: Request, accept: str) -> tuple[bytes, str]:
    """The endpoint's answer. Raises CommandError, with the row of the file, if the endpoint refuses a row."""
    from botocore.exceptions import ClientError

    from cloud import endpoints

    endpoint = environment.chosen().endpoint(model)
    try:
        return endpoints.invoke(endpoint, question.body, question.content_type, accept)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ModelError":
            raise CommandError(_refusal(error.response, question)) from None
        if endpoints.describe(endpoint) is None:
            raise CommandError(f"{model} has no endpoint; next: perennial doctor") from None
        raise


def _refusal(response: dict[str, Any], question: Request) -> str:
    """The server's message, with the row numbered in the file."""
    reply = _json(response.get("OriginalMessage", "").encode())
    if "error" not in reply:
        return f"the endpoint failed: {response['Error']['Message']}"
    row, field = reply.get("row"), reply.get("field")
    where = f"row {question.first_row + int(row)}" if row is not None else "the request"
    return f"{where}{f', column {field}' if field else ''}: {reply['error']}"


def _json(body: bytes) -> dict[str, Any]:
    import json

    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _print(answer: bytes, with_header: bool) -> None:
    text = printable(answer.decode())
    sys.stdout.write(text if with_header else text.partition("\n")[2])
    if not text.endswith("\n"):
        sys.stdout.write("\n")
