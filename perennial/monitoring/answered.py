"""Answers as columns: what the server wrote, typed as the target is.

The JSON that the server writes for one row is read by a pattern, every other form by perennial.contract.answers.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from perennial.contract import answers
from perennial.contract import observed as names
from perennial.contract.columns import TEXTS
from perennial.contract.fields import PayloadError
from perennial.contract.model import ModelSpec
from perennial.contract.requests import JSON
from perennial.monitoring.schemas import answer_schema

_NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?"
_LABELS = {"boolean": "true|false", "integer": "-?[0-9]{1,18}", "number": _NUMBER}
#: one row's answer, as training.predictions writes it
_ENTRY = {
    "binary": rf'\{{"{answers.LABEL}": (LABEL), "{answers.PROBABILITY}": ({_NUMBER})\}}',
    "regression": rf'\{{"{answers.VALUE}": ({_NUMBER})\}}',
}
_SINGLE = {problem: rf'^\{{"{answers.PREDICTIONS}": \[{entry}\]\}}$' for problem, entry in _ENTRY.items()}


class RefusedError(PayloadError):
    """The answer is a refusal: the server gave no prediction."""


class MismatchError(PayloadError):
    """The answer has another number of rows than the request as it was read."""


def read(kind: str | None, body: str | None, rows: int, spec: ModelSpec) -> list[tuple[Any, ...]]:
    """The answer of each of a request's rows; nulls where it was not captured or is none that the server writes.

    Raises MismatchError and RefusedError.
    """
    nothing = [(None,) * len(answer_schema(spec))] * rows
    if kind is None or body is None:
        return nothing
    try:
        found = answers.read_answers(body.encode(), kind, spec.problem, spec.columns[spec.target].type)
    except PayloadError:
        if _is_refusal(body):
            raise RefusedError("the server refused the request") from None
        return nothing
    if len(found) != rows:
        raise MismatchError("the answer has another number of rows than the request")
    return [_cells(answer, spec) for answer in found]


def read_single(bodies: pl.DataFrame, spec: ModelSpec) -> pl.DataFrame | None:
    """The answers of requests with one row each, null where `read` must look; None where it must look at all.

    `bodies` has the columns `kind` and `body`.
    """
    target = spec.columns[spec.target].type
    pattern = _SINGLE.get(spec.problem)
    if pattern is None or (spec.problem == "binary" and target not in (*_LABELS, *TEXTS)):
        return None
    pattern = pattern.replace("LABEL", _LABELS.get(target, r'"[^"\\]*"'))
    json_kind = pl.col("kind").str.split(";").list.first().str.to_lowercase() == JSON
    groups = bodies.select(pl.when(json_kind).then(pl.col("body")).str.extract_groups(pattern).alias("found")).unnest(
        "found"
    )
    score = pl.col(groups.columns[-1]).cast(pl.Float64, strict=False)
    score = pl.when(score.is_finite()).then(score)
    if spec.problem == "regression":
        return groups.select(score.alias(names.ANSWER), score.alias(names.SCORE))
    text = pl.col(groups.columns[0])
    if target in TEXTS:
        label: pl.Expr = text.str.slice(1, text.str.len_chars() - 2)
    elif target == "boolean":
        label = text == "true"
    else:
        label = text.cast(answer_schema(spec)[names.ANSWER], strict=False)
    return groups.select(pl.when(score.is_not_null()).then(label).alias(names.ANSWER), score.alias(names.SCORE))


def _cells(answer: answers.Answer, spec: ModelSpec) -> tuple[Any, ...]:
    if spec.problem != "multiclass":
        return answer.label, answer.score
    return answer.label, answer.score, list(answer.scores), list(answer.scores.values())


def _is_refusal(body: str) -> bool:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "error" in document
