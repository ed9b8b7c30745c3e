"""`perennial check`: validates a file locally, without any cloud."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import project
from cli.output import REFUSED, CommandError, Json, Model, emit, line, show, table, usage

if TYPE_CHECKING:
    from perennial.validation.verdict import Problem, Verdict


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, CSV.gz, Parquet or JSON lines.")],
    model: Model,
    json: Json = False,
) -> None:
    """Validate a file as the platform would. Exit code 0 when it is accepted, 3 when it is refused."""
    spec = project.spec(model)
    if file.is_dir():
        raise usage(f"{file} is a folder; next: check its files one by one")
    if not file.is_file():
        raise CommandError(f"{file}: no such file")

    from perennial.validation.inspection import inspect  # Polars takes a while to import; --help does not need it

    verdict = inspect(file, spec.contract()).verdict
    if json:
        emit(_as_dict(file, model, verdict))
    else:
        _show(file, verdict)
    if not verdict.accepted:
        raise typer.Exit(REFUSED)


def _as_dict(file: Path, model: str, verdict: Verdict) -> dict[str, object]:
    return {
        "file": str(file),
        "model": model,
        "accepted": verdict.accepted,
        "rows": verdict.rows,
        "rows_quarantined": verdict.rows_quarantined,
        "problems": [problem.as_dict() | {"row": _row(problem)} for problem in verdict.problems],
    }


def _show(file: Path, verdict: Verdict) -> None:
    word = "accepted" if verdict.accepted else "refused"
    line(f"{file}: {word}; {verdict.rows:,} rows, {verdict.rows_quarantined:,} of them set aside")
    if verdict.problems:
        rows = ((problem.code, problem.column, _row(problem), problem.message) for problem in verdict.problems)
        show(table(("problem", "column", "row", "what"), rows))


def _row(problem: Problem) -> int | None:
    """The row where the problem stands, or the first of its examples."""
    if problem.row is not None:
        return problem.row
    return problem.examples[0].row if problem.examples else None
