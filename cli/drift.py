"""`perennial drift`: how far one dataset moved from another."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import clouds, histogram, project
from cli.output import REFUSED, Json, emit, line, show, table, usage
from cli.sides import FileSide, Side, find_dataset

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from perennial.contract.drift import Drift
    from perennial.contract.model import ModelSpec
    from perennial.drift import DriftReport
    from perennial.profile import Profile


class Level(StrEnum):
    """From where a comparison fails."""

    watch = "watch"
    drifted = "drifted"


def drift(
    a: Annotated[str, typer.Argument(metavar="A", help="What is compared with: a dataset version or a file.")],
    b: Annotated[str, typer.Argument(metavar="B", help="What may have moved: a dataset version or a file.")],
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="NAME", help="The model; files need one.")
    ] = None,
    fail_on: Annotated[Level | None, typer.Option(help="Exit with 3 from this verdict on.")] = None,
    json: Json = False,
) -> None:
    """Compare two dataset versions, or two files.

    Each figure stands beside what chance alone could make of it and the model's thresholds. The champion's
    importance weighs the features of dataset versions; with files nothing is asked of a cloud.
    """
    from perennial.drift import compare  # Polars takes a while to import; --help does not need it

    sides, spec, ledger = _sides(a, b, model)
    before = sides[0].profile(None)
    after = sides[1].profile(before.grid)
    thresholds = spec.drift
    report = compare(before, after, thresholds, _importance(ledger, spec.name) if ledger else None)
    if json:
        emit({"a": sides[0].name, "b": sides[1].name, "model": spec.name} | report.as_dict())
    else:
        _show(sides, (before, after), report, thresholds)
    if fail_on and (report.drifted or report.verdict == fail_on):
        raise typer.Exit(REFUSED)


def _sides(a: str, b: str, model: str | None) -> tuple[tuple[Side, Side], ModelSpec, Ledger | None]:
    """Both sides, the spec that they are judged by, and the ledger if it was needed."""
    files = [Path(word).is_file() for word in (a, b)]
    if all(files) and model is None:
        raise usage(f"files are read by a model's spec; next: perennial drift {a} {b} --model NAME")
    if model is not None:
        spec = project.spec(model)
    if all(files):
        return (FileSide(Path(a), spec), FileSide(Path(b), spec)), spec, None
    platform, ledger = clouds.connect()
    found = {
        word: find_dataset(platform, ledger, word) for word, is_file in zip((a, b), files, strict=True) if not is_file
    }
    models = {side.dataset.model for side in found.values()} | ({model} if model else set())
    if len(models) > 1:
        raise usage(f"only data of one model can be compared, this is of {' and '.join(sorted(models))}")
    spec = project.spec(models.pop())
    one, two = (found[word] if word in found else FileSide(Path(word), spec) for word in (a, b))
    return (one, two), spec, ledger


def _importance(ledger: Ledger, model: str) -> dict[str, float] | None:
    champion = ledger.champion(model)
    return ledger.version(champion.version).importance if champion else None


def _show(sides: tuple[Side, Side], profiles: tuple[Profile, Profile], report: DriftReport, thresholds: Drift) -> None:
    line(f"A  {sides[0].name}: {report.reference_rows:,} rows")
    line(f"B  {sides[1].name}: {report.current_rows:,} rows")
    if report.columns:
        line()
        show(
            table(
                ("column", "is", "weight", "verdict", "figure", "found", "chance", "warn", "alert", "distinct"),
                _rows(profiles, report, thresholds),
            )
        )
    if report.moved is not None and report.verdict != "stable":
        line()
        line(f"{report.moved}:")
        grid = profiles[0].grid.columns[report.moved]
        for text in histogram.lines(grid, *(side.columns[report.moved] for side in profiles)):
            line(text)
    line()
    line(f"{report.verdict}: {report.sentence}")


def _rows(profiles: tuple[Profile, Profile], report: DriftReport, thresholds: Drift) -> list[tuple[Any, ...]]:
    """For each column a line with the figure that decides; for one that moved, one for each other figure too."""
    rows: list[tuple[Any, ...]] = []
    for name, column in sorted(report.columns.items(), key=lambda item: (item[1].role == "other", -item[1].extent)):
        about = (name, column.role, f"{column.weight:.2f}", column.verdict)
        distinct = histogram.distinct([side.columns[name] for side in profiles])
        others = [figure for figure in column.figures if figure != column.worst and column.verdict != "stable"]
        for figure in (column.worst, *others):
            limit = getattr(thresholds, figure)
            found = (
                f"{column.figures[figure]:.4f}",
                f"{column.floors[figure]:.4f}",
                f"{limit.warn:g}",
                f"{limit.alert:g}",
            )
            first = figure == column.worst
            rows.append((*(about if first else ("",) * 4), figure, *found, distinct if first else ""))
    return rows
