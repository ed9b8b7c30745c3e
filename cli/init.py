"""`perennial init`: a first spec from a sample file."""

from __future__ import annotations

import os
import re
import shlex
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from cli import project
from cli.output import Json, Model, emit, line, note, usage
from cli.waiting import waiting
from perennial.client.errors import did_you_mean
from perennial.contract.columns import Problem
from perennial.contract.dataset import Card

if TYPE_CHECKING:
    from cli.drafting import Drafted

_NAME = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
LONGEST_NAME = 32


_ORDERS = {"day-first": False, "month-first": True}
_QUESTIONS = {
    "origin": "Where does the data come from?",
    "licence": "Which licence does it have? (an SPDX identifier if there is one)",
    "terms": "For what may it be used?",
    "personal_data": "Which personal data does it hold? (none if it holds none)",
    "lawful_basis": "On which legal ground is the personal data used?",
}


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A sample: CSV, CSV.gz, Parquet or JSON lines.")],
    target: Annotated[str, typer.Option("--target", "-t", metavar="COL", help="The column to predict.")],
    model: Model,
    problem: Annotated[
        str | None,
        typer.Option(metavar="KIND", help="binary, multiclass or regression; by default inferred from the target."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The folder of the spec; by default models/ of the checkout.")
    ] = None,
    decimal: Annotated[
        str | None, typer.Option(metavar="MARK", help="The decimal mark, . or , where the values do not decide it.")
    ] = None,
    dates: Annotated[
        str | None,
        typer.Option(metavar="ORDER", help="day-first or month-first, where the values do not decide it."),
    ] = None,
    origin: Annotated[str | None, typer.Option(metavar="TEXT", help="The card: where the data comes from.")] = None,
    licence: Annotated[str | None, typer.Option(metavar="TEXT", help="The card: the licence of the data.")] = None,
    terms: Annotated[str | None, typer.Option(metavar="TEXT", help="The card: what it may be used for.")] = None,
    personal_data: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The card: the personal data in it, or none.")
    ] = None,
    lawful_basis: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The card: the legal ground for personal data.")
    ] = None,
    json: Json = False,
) -> None:
    """Draft a model's spec from a sample file.

    It is commented, and can be used as it is. On a terminal it asks for what the dataset card lacks.
    """
    _check(model, problem)
    if decimal not in (None, ".", ","):
        raise usage(f"--decimal {decimal}: expected . or ,")
    if dates not in (None, *_ORDERS):
        raise usage(f"--dates {dates}: expected day-first or month-first")
    folder = out or project.models()
    path = folder / f"{model}.yaml"
    if path.exists():
        raise usage(f"{path} exists and is not overwritten; next: edit it, or choose another --model")

    from cli.drafting import Hints, draft_file  # Polars takes a while to import; --help does not need it

    given = {
        "origin": origin, "licence": licence, "terms": terms, "personal_data": personal_data,
        "lawful_basis": lawful_basis,
    }  # fmt: skip
    card = Card.from_json({name: text or "" for name, text in (given if json else _asked(given)).items()})
    hints = Hints(decimal, _ORDERS.get(dates or ""))
    with waiting(f"reading {file}"):
        drafted = draft_file(file, model, target, problem, _schema(folder), hints, card)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(drafted.text, encoding="utf-8")
    spec = drafted.spec
    if drafted.too_few:
        note(f"{file}: {drafted.too_few}")
    _summarise(drafted, path)
    note(f"checked against {file}: {drafted.verdict}")
    upload = f"perennial upload {shlex.quote(str(file))} --model {model} --wait"
    note(f"next: {_to_do(drafted, card, file, path)}perennial up   and: {upload}")
    if json:
        features = list(spec.features())
        emit(
            {"path": str(path), "problem": spec.problem, "target": spec.target, "features": features}
            | {"key": list(spec.key), "event_time": spec.event_time}
            | drafted.to_json()
        )
    else:
        line(str(path))


def _asked(given: dict[str, str | None]) -> dict[str, str | None]:
    """The card's members, those that are missing asked on a terminal; an empty answer leaves one open."""
    if not sys.stdin.isatty():
        return given
    found = dict(given)
    for name, question in _QUESTIONS.items():
        if found[name] is None and not (name == "lawful_basis" and _holds_none(found["personal_data"])):
            found[name] = typer.prompt(f"{question} Enter leaves it open", default="", show_default=False, err=True)
    return found


def _holds_none(personal_data: str | None) -> bool:
    from perennial.card import NONE

    return (personal_data or "none").strip().lower().rstrip(".") in NONE


def _is_filled(card: Card) -> bool:
    none = bool(card.personal_data) and _holds_none(card.personal_data)
    return bool(card.origin and card.licence and card.personal_data and (none or card.lawful_basis))


def _to_do(drafted: Drafted, card: Card, file: Path, path: Path) -> str:
    """The steps of a person before the next commands, as the beginning of their line."""
    steps = [] if _is_filled(card) else [f"fill in the card in {path}"]
    steps += [f"add rows to {file}"] if drafted.too_few else []
    return f"{', '.join(steps)}, then: " if steps else ""


def _named(column: str) -> str:
    return column or "''"


def _summarise(drafted: Drafted, path: Path) -> None:
    """Prints the choices, omissions and assumptions, each with the way to change it."""
    from cli.drafting.text import blank_rows

    spec = drafted.spec
    features = spec.features()
    note(f"{spec.name}: a {spec.problem} problem; {len(features)} of {len(spec.columns)} columns are features")
    if drafted.sampled is not None:
        note(f"drafted from the first {drafted.sampled:,} rows; all rows of the file were checked against it")
    if drafted.blank:
        note(blank_rows(drafted.blank))
    if spec.key:
        note(f"key: {', '.join(map(_named, spec.key))}")
    if spec.event_time is not None:
        note(f"event time: {_named(spec.event_time)}")
    if drafted.left_out:
        reasons = "; ".join(f"{_named(name)}: {reason}" for name, reason in drafted.left_out.items())
        note(f"left out: {reasons}; to show one to the model, give it feature: true in {path}")
    for each in drafted.assumed:
        note(f"assumed: '{each.column}': {each.sentence}; to change it: {each.change}")
    if drafted.rare:
        note(f"'{spec.target}': {drafted.rare}")
    for leak in drafted.leaks:
        note(f"{leak.sentence} If not, give it feature: false")
    if spec.sensitive():
        note(f"sensitive: {', '.join(spec.sensitive())}; take sensitive out where no trait of a person is meant")
    if spec.sensitive() and _holds_none(spec.card.personal_data):
        note("the card says that there is no personal data, and these columns look like it: check personal_data")
    for sentence in drafted.unread:
        note(f"{sentence}; mend it and draft again, if the model should see it as that")


def _check(model: str, problem: str | None) -> None:
    if not _NAME.match(model) or len(model) > LONGEST_NAME:
        raise usage(
            f"'{model}' cannot name a model; expected lower-case letters, digits and hyphens, at most {LONGEST_NAME},"
            f" for example {_plain(model)}"
        )
    if problem is not None and problem not in get_args(Problem):
        raise usage(f"'{problem}' is no kind of problem{did_you_mean(problem, list(get_args(Problem)))}")


def _plain(name: str) -> str:
    """The nearest allowed name."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", ascii_only)
    return "-".join(words).lstrip("0123456789-")[:LONGEST_NAME].rstrip("-") or "my-model"


def _schema(folder: Path) -> str:
    """The path of the JSON Schema for editors, relative to the spec's folder."""
    return Path(os.path.relpath(project.root() / "models.schema.json", folder)).as_posix()
