"""`perennial predict`: asks a model's endpoint about the rows of a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import clouds, project
from cli.output import CommandError, Json, Model, emit, note
from perennial import layout

if TYPE_CHECKING:
    from cli.questions import Question
    from perennial.contract.model import ModelSpec


def predict(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, CSV.gz, Parquet or JSON lines; '-' reads stdin.")],
    model: Model,
    json: Json = False,
) -> None:
    """Predict for each row of a file.

    CSV on stdout, in the order of the file."""
    spec = project.spec(model)

    from cli.questions import questions  # Polars takes a while to import; --help does not need it
    from cli.tables import read

    table = read(file)
    batches = questions(table, spec)
    clouds.connect()
    answers: list[dict[str, Any]] = []
    served = ""
    for number, question in enumerate(batches):
        answer, served = _ask(spec, question, "application/json" if json else "text/csv")
        if json:
            answers += _json(answer)["predictions"]
        else:
            _print(answer, with_header=number == 0)
    note(f"{table.frame.height:,} rows answered by {served.removeprefix('model=')}")
    if json:
        emit({"model": served.removeprefix("model="), "predictions": answers})


def _ask(spec: ModelSpec, question: Question, accept: str) -> tuple[bytes, str]:
    """The endpoint's answer. CommandError that names the row of the file, where the endpoint refuses one."""
    from botocore.exceptions import ClientError

    from cloud import endpoints

    try:
        return endpoints.invoke(layout.endpoint(spec.name), question.body, "application/json", accept)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ModelError":
            raise CommandError(_refusal(error.response, question)) from None
        if endpoints.describe(layout.endpoint(spec.name)) is None:
            raise CommandError(
                f"no version of '{spec.name}' serves yet; next: perennial upload FILE --model {spec.name} --wait"
            ) from None
        raise


def _refusal(response: dict[str, Any], question: Question) -> str:
    """The model's own words, with the row counted in the file and not in the batch."""
    said = _json(response.get("OriginalMessage", "").encode())
    if "error" not in said:
        return f"the endpoint failed: {response['Error']['Message']}"
    row, field = said.get("row"), said.get("field")
    where = f"row {question.first_row + int(row)}" if row is not None else "the request"
    return f"{where}{f', column {field}' if field else ''}: {said['error']}"


def _json(body: bytes) -> dict[str, Any]:
    import json

    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _print(answer: bytes, with_header: bool) -> None:
    text = answer.decode()
    sys.stdout.write(text if with_header else text.partition("\n")[2])
    if not text.endswith("\n"):
        sys.stdout.write("\n")
