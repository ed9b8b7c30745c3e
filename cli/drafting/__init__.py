"""A first spec from a sample file: types inferred from all values, defaults, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from cli.drafting.draft import draft
from cli.drafting.trial import settle
from cli.tables import read
from perennial.contract.columns import Problem
from perennial.contract.model import ModelSpec


@dataclass(frozen=True)
class Drafted:
    """The text of a spec, the parsed spec, and the result of validating its sample, in a sentence.

    `unread` are sentences about columns that look like dates or numbers and cannot be read as such.
    """

    text: str
    spec: ModelSpec
    verdict: str
    unread: tuple[str, ...] = ()


def draft_file(file: Path, model: str, target: str, problem: str | None, schema: str) -> Drafted:
    """The first spec of a model from a sample. Raises CommandError if the file or the target cannot be used."""
    made = draft(read(file), model, target, cast("Problem | None", problem))
    text, spec, verdict = settle(made, schema)
    unread = tuple(f"'{column.name}' {column.nearly}" for column in made.columns if column.nearly)
    return Drafted(text, spec, verdict.sentence, unread)
