"""`perennial check`: validates a file locally, without any cloud."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import card_option, estimators, project
from cli.output import REFUSED, CommandError, Json, Model, emit, line, note, show, table, usage
from cli.waiting import waiting
from perennial.contract.sizes import too_few_rows

if TYPE_CHECKING:
    from perennial.client import cards
    from perennial.contract.dataset import Card
    from perennial.validation.verdict import Problem, Verdict


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, CSV.gz, Parquet or JSON lines.")],
    model: Model,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A folder for rows.parquet (typed, clean) and quarantined.parquet (as they were, with reasons)."
        ),
    ] = None,
    card: card_option.Option = None,
    json: Json = False,
) -> None:
    """Validate a file and its card as the platform would, and try the model's estimator.

    Exit code 0 when they are accepted, 3 when they are refused, 1 when the estimator cannot be made."""
    spec = project.spec(model, project.training_hours())
    if file.is_dir():
        raise usage(f"{file} is a folder; next: check its files one by one")
    if not file.is_file():
        raise CommandError(f"{file}: no such file")

    from cli.drafting.leaks import of_file  # Polars takes a while to import; --help does not need it
    from perennial.client import unprepared
    from perennial.client.cards import find as find_card
    from perennial.validation.inspection import inspect

    beside = find_card(file, card)
    with waiting(f"reading {file}"):
        found = inspect(file, spec.contract(), out)
        leakage = of_file(file, spec) if found.verdict.accepted else ()
    verdict = _with_card(found.verdict, spec.card, beside)
    fault = estimators.faults([spec], project.root()).get(model, "")
    few = too_few_rows(found.verdict.rows_accepted, spec.training.held_out) if found.verdict.accepted else ""
    if few:
        note(f"{file}: {few}")
    for leak in leakage:
        note(leak.sentence)
    written = {"rows": found.rows, "quarantined": found.quarantined} if out is not None else {}
    for sentence in spec.release.limitations():
        note(sentence)
    if json:
        told: dict[str, object] = {
            "estimator": fault,
            "leakage": [leak.to_json() | {"sentence": leak.sentence} for leak in leakage],
            "too_few_rows": few,
        }
        emit(
            _as_dict(file, model, verdict)
            | told
            | {name: str(path) if path else None for name, path in written.items()}
        )
    else:
        _show(file, verdict)
        for name, path in written.items():
            line(f"{name}: {path or 'none'}")
    mend = None if found.verdict.accepted else unprepared.of_file(file)
    if mend is not None:
        note(f"{file}: {mend}")
    if fault:
        raise CommandError(f"models/{model}.yaml: {fault}")
    if not verdict.accepted:
        raise typer.Exit(REFUSED)


def _with_card(verdict: Verdict, card: Card, beside: cards.LocalCard | None) -> Verdict:
    """The verdict with the card's faults, as for an upload now."""
    from perennial import card as gate
    from perennial.validation.verdict import Problem

    now = datetime.now(UTC)
    lacks = gate.faults(gate.merge(card, beside.says) if beside else card, now, now)
    problems = tuple(Problem(fault.code, fault.message) for fault in lacks)
    return replace(verdict, accepted=verdict.accepted and not lacks, problems=(*verdict.problems, *problems))


def _as_dict(file: Path, model: str, verdict: Verdict) -> dict[str, object]:
    return {
        "file": str(file),
        "model": model,
        "accepted": verdict.accepted,
        "rows": verdict.rows,
        "rows_accepted": verdict.rows_accepted,
        "rows_quarantined": verdict.rows_quarantined,
        "rows_duplicate": verdict.rows_duplicate,
        "rows_blank": verdict.rows_blank,
        "cleaned": verdict.as_dict()["cleaned"],
        "problems": [problem.as_dict() | {"row": _row(problem)} for problem in verdict.problems],
    }


def _show(file: Path, verdict: Verdict) -> None:
    word = "accepted" if verdict.accepted else "refused"
    twice = f", {verdict.rows_duplicate:,} dropped as duplicates" if verdict.rows_duplicate else ""
    twice += f", {verdict.rows_blank:,} blank left out" if verdict.rows_blank else ""
    line(f"{file}: {word}; {verdict.rows:,} rows, {verdict.rows_quarantined:,} of them quarantined{twice}")
    for column, changes in verdict.cleaned.items():
        line(f"{column}: " + ", ".join(f"{count:,} values {what}" for what, count in changes.items()))
    if verdict.problems:
        rows = ((p.code, p.column or p.rule, _row(p), p.message) for p in verdict.problems)
        show(table(("problem", "column", "row", "what"), rows))


def _row(problem: Problem) -> int | None:
    """The row of the problem, or of its first example."""
    if problem.row is not None:
        return problem.row
    return problem.examples[0].row if problem.examples else None
