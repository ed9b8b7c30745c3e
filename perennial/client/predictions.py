"""Predictions for the rows of a table: by a model's endpoint, with columns of the table beside each answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from botocore.exceptions import ClientError as AwsError

from cloud import endpoints
from perennial.client.errors import ClientError, did_you_mean, usage
from perennial.client.requests import Request, endpoint_requests, plain
from perennial.client.serving import Serving
from perennial.client.tables import Table

ALL, NONE = "all", "none"
_SHOWN = 20  # rows in a notebook


@dataclass(frozen=True)
class Predictions:
    """The answers for the rows of a table, in its order, and the version that gave them.

    `kept` are columns of the table by name, in the same order. Iterating gives one dictionary for each row: its kept
    columns, then the flat answer.
    """

    version: str
    answers: tuple[dict[str, Any], ...]
    kept: dict[str, list[Any]]

    def __len__(self) -> int:
        return len(self.answers)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for place, answer in enumerate(self.answers):
            yield {name: values[place] for name, values in self.kept.items()} | flat(answer)

    def to_polars(self) -> Any:
        """A DataFrame of Polars with a row for each answer."""
        import polars as pl

        return pl.DataFrame(list(self), infer_schema_length=None)

    def to_pandas(self) -> Any:
        """A DataFrame of pandas with a row for each answer."""
        import pandas as pd

        return pd.DataFrame(list(self))

    def _repr_html_(self) -> str:
        """The table that a notebook shows: the first rows."""
        shown = [row for row, _ in zip(self, range(_SHOWN), strict=False)]
        names = list(dict.fromkeys(name for row in shown for name in row))
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(str(row.get(name, '')))}</td>" for name in names) + "</tr>" for row in shown
        )
        told = f"<p>{len(self):,} rows answered by {escape(self.version)}</p>"
        return f"{told}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def predict(found: Serving, table: Table, keep: str | None = None) -> Predictions:
    """The endpoint's predictions for all rows of a table. Raises ClientError, with the row that is refused."""
    kept = kept_columns(found, table, keep)
    answers: list[dict[str, Any]] = []
    version = ""
    for question in endpoint_requests(table, found.spec):
        body, attributes = ask(found, question, "application/json")
        version = attributes.removeprefix("model=")
        answers += _object(body)["predictions"]
    check_names(kept, answers)
    return Predictions(version, tuple(answers), kept)


def kept_columns(found: Serving, table: Table, keep: str | None) -> dict[str, list[Any]]:
    """The columns to keep beside the answers: `all`, `none`, names with commas, or (None) the key that is in the table.

    Raises ClientError for a name that the table lacks.
    """
    names: Sequence[str] = table.frame.columns
    if keep is None:
        chosen = [name for name in found.spec.key if name in names]
    elif keep in (ALL, NONE):
        chosen = list(names) if keep == ALL else []
    else:
        chosen = [name.strip() for name in keep.split(",") if name.strip()]
        missing = next((name for name in chosen if name not in names), None)
        if missing is not None:
            raise usage(f"--keep {keep}: {table.path} has no column '{missing}'{did_you_mean(missing, list(names))}")
    return {name: [plain(table, name, value) for value in table.frame[name].to_list()] for name in chosen}


def check_names(kept: dict[str, list[Any]], answers: Sequence[dict[str, Any]]) -> None:
    """Raises ClientError for a kept column that has the name of a column of the answers."""
    taken = set(flat(answers[0])) & set(kept) if answers else set()
    if taken:
        name = min(taken)
        raise usage(f"the answer has a column '{name}', as the table does; next: --keep with other columns, or none")


def ask(found: Serving, question: Request, accept: str) -> tuple[bytes, str]:
    """The endpoint's answer. Raises ClientError, with the row of the file, if the endpoint refuses a row."""
    model = found.spec.name
    endpoint = found.platform.environment.endpoint(model)
    try:
        return endpoints.invoke(endpoint, question.body, question.content_type, accept)
    except AwsError as error:
        if error.response["Error"]["Code"] == "ModelError":
            raise ClientError(_refusal(error.response, question)) from None
        if endpoints.describe(endpoint) is None:
            raise ClientError(f"{model} has no endpoint; next: perennial doctor") from None
        raise


def flat(prediction: dict[str, Any]) -> dict[str, Any]:
    """A prediction as columns: label and probability, or label and a column for each class, or value."""
    classes = prediction.get("probabilities") or {}
    simple = {name: value for name, value in prediction.items() if not isinstance(value, dict | list)}
    return simple | classes


def _refusal(response: dict[str, Any], question: Request) -> str:
    """The server's message, with the row numbered in the file."""
    reply = _object(response.get("OriginalMessage", "").encode())
    if "error" not in reply:
        return f"the endpoint failed: {response['Error']['Message']}"
    row, column = reply.get("row"), reply.get("field")
    where = f"row {question.first_row + int(row)}" if row is not None else "the request"
    sentence = str(reply["error"])
    for place in (f"row {row}, '{column}': ", f"row {row}: "):  # among the rows of one request
        sentence = sentence.removeprefix(place)
    return f"{where}{f', column {column}' if column else ''}: {sentence}"


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
