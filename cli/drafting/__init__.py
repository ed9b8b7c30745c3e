"""A first spec from a sample file: types inferred from all values, defaults, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from cli.drafting import leaks
from cli.drafting.draft import Assumption, Draft, draft, without_blank
from cli.drafting.rare import rare_classes
from cli.drafting.spellings import UNKNOWN, Hints
from cli.drafting.text import write
from cli.drafting.trial import settle
from perennial.client.tables import read_first
from perennial.contract.columns import Problem
from perennial.contract.dataset import Card
from perennial.contract.leak import Leak
from perennial.contract.model import ModelSpec
from perennial.contract.sizes import too_few_rows
from perennial.spec import parse

__all__ = ["Drafted", "Hints", "draft_file"]


@dataclass(frozen=True)
class Drafted:
    """The text of a spec, the parsed spec, the result of validating its sample in a sentence, and what to know.

    `left_out` has the reason for each column that is no feature; `unread` are sentences about columns that look like
    dates or numbers and cannot be read as such. `sampled` is the number of rows that it was drafted from, where
    the file has more; `blank` is the number of rows without any value, which are left out;
    `rare` is the sentence about classes of one or two rows; `too_few` that about too few rows for a training.
    """

    text: str
    spec: ModelSpec
    verdict: str
    left_out: Mapping[str, str]
    assumed: tuple[Assumption, ...]
    leaks: tuple[Leak, ...]
    unread: tuple[str, ...] = ()
    sampled: int | None = None
    blank: int = 0
    rare: str = ""
    too_few: str = ""

    def to_json(self) -> dict[str, Any]:
        """The findings, as plain data."""
        return {
            "left_out": dict(self.left_out),
            "assumed": [vars(each) for each in self.assumed],
            "leakage": [leak.to_json() | {"sentence": leak.sentence} for leak in self.leaks],
            "sensitive": list(self.spec.sensitive()),
            "unread": list(self.unread),
            "sampled": self.sampled,
            "blank": self.blank,
            "rare_classes": self.rare,
            "too_few_rows": self.too_few,
        }


def draft_file(
    file: Path,
    model: str,
    target: str,
    problem: str | None,
    schema: str,
    hints: Hints = UNKNOWN,
    card: Card | None = None,
) -> Drafted:
    """The first spec of a model from a sample. Raises ClientError if the file or the target cannot be used.

    `hints` decide between formats that read the same texts; `card` has what is known of the dataset card.
    """
    sample = without_blank(read_first(file))
    made = draft(sample, model, target, cast("Problem | None", problem), hints)
    made, spec, verdict = settle(replace(made, card=card), schema)
    made = replace(made, blank=verdict.rows_blank)
    if rare := rare_classes(made, verdict):
        answer = made.column(target)
        made = made.change(replace(answer, remarks=(*answer.remarks, rare)))
    found = leaks.of_file(file, spec)
    for leak in found:
        column = made.column(leak.column)
        made = made.change(replace(column, remarks=(*column.remarks, leak.sentence)))
    if leaking := [leak.column for leak in found if spec.columns[leak.column].type == "text"]:
        made, spec = _without_texts(made, spec, leaking, schema)
    return Drafted(
        write(made, schema),
        spec,
        verdict.sentence,
        _left_out(made, spec),
        made.assumed,
        found,
        _unread(made),
        None if sample.is_whole else sample.frame.height,
        verdict.rows_blank,
        rare,
        too_few_rows(verdict.rows_accepted, spec.training.held_out),
    )


def _unread(made: Draft) -> tuple[str, ...]:
    """The sentences on columns that look like dates or numbers and are not read as such."""
    return tuple(f"'{each.name}' {each.nearly}" for each in made.columns if each.nearly and not each.is_mixed_dates)


def _without_texts(made: Draft, spec: ModelSpec, leaking: list[str], schema: str) -> tuple[Draft, ModelSpec]:
    """The draft without texts that have the target in their words, unless nothing else is left to learn from."""
    if set(spec.features()) <= set(leaking):
        return made, spec
    for name in leaking:
        column = made.column(name)
        made = made.change(replace(column, feature=False, remarks=("its words give the target; left out",)))
    return made, parse(write(made, schema), f"{made.model}.yaml")


def _left_out(made: Draft, spec: ModelSpec) -> dict[str, str]:
    """The reason for each column that is no feature."""
    found = {}
    for column in made.columns:
        if column.name == made.target or spec.is_feature(column.name):
            continue
        given = next((remark for remark in column.remarks if remark.endswith("; left out")), None)
        reason = "text" if given is None else given.removesuffix("; left out")
        found[column.name] = "identifies a row (key)" if column.name in made.key else reason
    return found
