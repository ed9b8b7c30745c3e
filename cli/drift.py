"""`perennial drift`: compares two datasets."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import connection, histogram, project
from cli.drift_inputs import DriftInput, FileInput, Profiled, find_dataset
from cli.output import REFUSED, Json, emit, line, show, table, usage

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from perennial.contract.drift import Drift
    from perennial.contract.model import ModelSpec
    from perennial.drift import DriftReport
    from perennial.profile import Profile


class Level(StrEnum):
    """The verdict from which the command fails."""

    watch = "watch"
    drifted = "drifted"


def drift(
    a: Annotated[str, typer.Argument(metavar="A", help="The reference: a dataset version or a file.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The current data: a dataset version or a file.")],
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="NAME", help="The model; files need one.")
    ] = None,
    fail_on: Annotated[Level | None, typer.Option(help="Exit with 3 from this verdict on.")] = None,
    json: Json = False,
) -> None:
    """Compare two dataset versions, or two files.

    Shows each metric with its noise floor and the model's thresholds. The champion's feature importance weights
    the columns of dataset versions; two files are compared locally.
    """
    from perennial.drift import compare  # Polars takes a while to import; --help does not need it

    inputs, spec, ledger = _inputs(a, b, model)
    before = inputs[0].read(None)
    after = inputs[1].read(before.profile.grid)
    thresholds, words = spec.drift, after.words or before.words
    importance = _importance(ledger, spec.name) if ledger else None
    report = compare(before.profile, after.profile, thresholds, importance, words)
    if json:
        emit({"a": inputs[0].name, "b": inputs[1].name, "model": spec.name} | report.as_dict())
    else:
        _show(inputs, (before, after), report, thresholds)
    if fail_on and (report.drifted or report.verdict == fail_on):
        raise typer.Exit(REFUSED)


def _inputs(a: str, b: str, model: str | None) -> tuple[tuple[DriftInput, DriftInput], ModelSpec, Ledger | None]:
    """Both inputs, the spec that they are compared by, and the ledger if it was needed."""
    files = [Path(word).is_file() for word in (a, b)]
    if all(files) and model is None:
        raise usage(f"files are read by a model's spec; next: perennial drift {a} {b} --model NAME")
    if model is not None:
        spec = project.spec(model)
    if all(files):
        return (FileInput(Path(a), spec), FileInput(Path(b), spec)), spec, None
    platform, ledger = connection.connect()
    found = {
        word: find_dataset(platform, ledger, word) for word, is_file in zip((a, b), files, strict=True) if not is_file
    }
    models = {side.dataset.model for side in found.values()} | ({model} if model else set())
    if len(models) > 1:
        raise usage(f"only data of one model can be compared, this is of {' and '.join(sorted(models))}")
    spec = project.spec(models.pop())
    one, two = (found[word] if word in found else FileInput(Path(word), spec) for word in (a, b))
    return (one, two), spec, ledger


def _importance(ledger: Ledger, model: str) -> dict[str, float] | None:
    champion = ledger.champion(model)
    return ledger.version(champion.version).importance if champion else None


def _show(
    inputs: tuple[DriftInput, DriftInput],
    read: tuple[Profiled, Profiled],
    report: DriftReport,
    thresholds: Drift,
) -> None:
    profiles = (read[0].profile, read[1].profile)
    line(f"A  {inputs[0].name}: {report.reference_rows:,} rows")
    line(f"B  {inputs[1].name}: {report.current_rows:,} rows")
    if report.columns:
        line()
        show(
            table(
                ("column", "role", "weight", "verdict", "metric", "value", "noise", "warn", "alert", "distinct"),
                _rows(profiles, report, thresholds),
            )
        )
    if report.moved is not None and report.verdict != "stable":
        line()
        line(f"{report.moved}:")
        grid = profiles[0].grid.columns[report.moved].with_words(read[1].words or read[0].words)
        for text in histogram.lines(grid, *(side.columns[report.moved] for side in profiles)):
            line(text)
    line()
    line(f"{report.verdict}: {report.sentence}")


def _rows(profiles: tuple[Profile, Profile], report: DriftReport, thresholds: Drift) -> list[tuple[Any, ...]]:
    """A row for each column with the metric that decides; for a drifted column a row for every metric."""
    rows: list[tuple[Any, ...]] = []
    for name, column in sorted(report.columns.items(), key=lambda item: (item[1].role == "other", -item[1].extent)):
        about = (name, column.role, f"{column.weight:.2f}", column.verdict)
        distinct = histogram.distinct([side.columns[name] for side in profiles])
        others = [metric for metric in column.metrics if metric != column.worst and column.verdict != "stable"]
        for metric in (column.worst, *others):
            limit = getattr(thresholds, metric)
            found = (
                f"{column.metrics[metric]:.4f}",
                f"{column.floors[metric]:.4f}",
                f"{limit.warn:g}",
                f"{limit.alert:g}",
            )
            first = metric == column.worst
            rows.append((*(about if first else ("",) * 4), metric, *found, distinct if first else ""))
    return rows
