"""`perennial init`: a first spec from a sample file."""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from pathlib import Path
from typing import Annotated, get_args

import typer

from cli import project
from cli.output import Json, Model, emit, line, note, usage
from perennial.contract.columns import Problem

_NAME = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
LONGEST_NAME = 32


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
    json: Json = False,
) -> None:
    """Draft a model's spec from a sample file.

    It is commented, and can be used as it is.
    """
    _check(model, problem)
    folder = out or project.models()
    path = folder / f"{model}.yaml"
    if path.exists():
        raise usage(f"{path} exists and is not overwritten; next: edit it, or choose another --model")

    from cli.drafting import draft_file  # Polars takes a while to import; --help does not need it

    drafted = draft_file(file, model, target, problem, _schema(folder))
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(drafted.text, encoding="utf-8")
    spec = drafted.spec
    note(f"{model}: a {spec.problem} problem; {len(spec.features())} of {len(spec.columns)} columns are features")
    for sentence in drafted.unread:
        note(f"{sentence}; write it so and draft again, if the model should see it as that")
    note(f"checked against {file}: {drafted.verdict}")
    upload = f"perennial upload {shlex.quote(str(file))} --model {model} --wait"
    note(f"next: fill in the card in {path}, then: perennial up   and: {upload}")
    if json:
        emit({"path": str(path), "problem": spec.problem, "target": spec.target, "features": list(spec.features())})
    else:
        line(str(path))


def _check(model: str, problem: str | None) -> None:
    if not _NAME.match(model) or len(model) > LONGEST_NAME:
        raise usage(
            f"'{model}' cannot name a model; expected lower-case letters, digits and hyphens, at most {LONGEST_NAME},"
            f" for example {_plain(model)}"
        )
    if problem is not None and problem not in get_args(Problem):
        raise usage(f"'{problem}' is no kind of problem{project.did_you_mean(problem, list(get_args(Problem)))}")


def _plain(name: str) -> str:
    """The nearest allowed name."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", ascii_only)
    return "-".join(words).lstrip("0123456789-")[:LONGEST_NAME].rstrip("-") or "my-model"


def _schema(folder: Path) -> str:
    """The path of the JSON Schema for editors, relative to the spec's folder."""
    return Path(os.path.relpath(project.root() / "models.schema.json", folder)).as_posix()
