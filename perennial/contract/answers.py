"""The body of an answer: the members that the server writes, and their reader for monitoring.

The server writes JSON, JSON lines or CSV (training.predictions); each form holds the same entries.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from perennial.contract.columns import Column, ColumnType
from perennial.contract.fields import PayloadError
from perennial.contract.requests import CSV, JSON, JSONLINES, parsed_type
from perennial.contract.values import ValueRefusedError, read, written

PREDICTIONS = "predictions"
LABEL, PROBABILITY, PROBABILITIES, VALUE = "label", "probability", "probabilities", "value"
BASE, CONTRIBUTIONS = "base", "contributions"
#: the beginning of the columns of an explanation in CSV
CONTRIBUTION = "contribution."
FORMS = (JSON, JSONLINES, CSV)


@dataclass(frozen=True)
class Answer:
    """The answer for one row: the label, or the number of a regression; its score; for multiclass all scores.

    Where `serving.reveal` is labels, there are no scores.
    """

    label: Any
    score: float | None
    scores: Mapping[str, float] = field(default_factory=dict)


def read_answers(body: bytes, content_type: str, problem: str, target: ColumnType) -> list[Answer]:
    """The answers of a response, one for each row. Raises PayloadError for what the server does not write."""
    kind = parsed_type(content_type)[0]
    try:
        text = body.decode()
        if kind == CSV:
            entries = list(_of_csv(text, problem))
        elif kind == JSONLINES:
            entries = [json.loads(line) for line in text.split("\n") if line]
        elif kind == JSON:
            entries = json.loads(text)[PREDICTIONS]
        else:
            raise PayloadError("the answer's content type is none that the server writes")
        return [answer_of(entry, problem, target) for entry in entries]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, csv.Error) as error:
        if isinstance(error, PayloadError):
            raise
        raise PayloadError("the answer is none that the server writes") from None


def answer_of(entry: Mapping[str, Any], problem: str, target: ColumnType) -> Answer:
    """The answer of one entry. Raises ValueError, KeyError or TypeError for what is none."""
    if problem == "regression":
        number = _number(entry[VALUE])
        return Answer(number, number)
    label = _label(entry[LABEL], target)
    if problem == "binary":
        return Answer(label, _number(entry[PROBABILITY]) if PROBABILITY in entry else None)
    scores = {str(name): _number(value) for name, value in entry.get(PROBABILITIES, {}).items()}
    return Answer(label, scores[written(entry[LABEL])] if scores else None, scores)


def _label(value: Any, target: ColumnType) -> Any:
    try:
        found = read(written(value) if isinstance(value, bool | int) else value, Column(target), ())
    except ValueRefusedError as error:
        raise ValueError(str(error)) from None
    if found is None:
        raise ValueError("an answer has a label")
    return found


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError("a score is a number")
    try:
        number = float(value)
    except OverflowError:  # an integer of JSON has any number of digits
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("a score is finite")
    return number


def _of_csv(text: str, problem: str) -> Iterator[dict[str, Any]]:
    """The entries of CSV; the columns of explanations are left out."""
    header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    width = len(header) if problem == "multiclass" else 1 + (problem == "binary")
    if problem == "multiclass" and header[-1].startswith(CONTRIBUTION):
        width = _before_explanation(header)
    for line in lines:
        if len(line) != len(header):
            raise ValueError("a line of the answer has another number of values than its header")
        if problem == "multiclass":
            scores = zip(header[1:width], line[1:width], strict=True)
            yield {header[0]: line[0], PROBABILITIES: dict(scores)}
        else:
            yield dict(zip(header[:width], line[:width], strict=True))


def _before_explanation(header: Sequence[str]) -> int:
    """The number of columns before `base` and the contributions, which are the last ones."""
    contributions = 0
    while header[-1 - contributions].startswith(CONTRIBUTION):
        contributions += 1
    return len(header) - contributions - 1
