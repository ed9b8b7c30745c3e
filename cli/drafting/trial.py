"""Validates the sample with its own draft, as the platform does, and loosens the rules that the sample breaks."""

from __future__ import annotations

from dataclasses import replace

from cli.drafting.columns import Column
from cli.drafting.draft import Draft
from cli.drafting.text import write
from cli.output import REFUSED, CommandError
from perennial.contract.model import ModelSpec
from perennial.spec import parse
from perennial.validation.inspection import inspect
from perennial.validation.verdict import Problem, Verdict

ROUNDS = 5


def settle(made: Draft, schema: str) -> tuple[Draft, ModelSpec, Verdict]:
    """The draft that accepts the sample, its spec, and the verdict. Raises CommandError if the sample is refused."""
    for _ in range(ROUNDS):
        text = write(made, schema)
        spec = parse(text, f"{made.model}.yaml")
        verdict = inspect(made.path, spec.contract()).verdict
        looser = _loosen(made, verdict.problems)
        if looser == made:
            break
        made = looser
    if not verdict.accepted:
        raise CommandError(f"{made.path}: {'; '.join(problem.message for problem in verdict.problems[:5])}", REFUSED)
    return made, spec, verdict


def _loosen(made: Draft, problems: tuple[Problem, ...]) -> Draft:
    for problem in problems:
        if problem.code == "duplicate-key":
            made = replace(made, key=())
        elif problem.column is not None and any(column.name == problem.column for column in made.columns):
            made = made.change(_looser(made, made.column(problem.column), problem.code))
    return made


def _looser(made: Draft, column: Column, code: str) -> Column:
    if column.name == made.target:
        return column
    if code == "null":
        return replace(column, nulls=max(1, column.nulls))
    if code in ("type", "integer-range", "not-finite", "column-type"):
        return replace(column, type="text", format=None, spelling=None, values=(), minimum=None, maximum=None)
    return column
