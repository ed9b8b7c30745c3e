"""`perennial predict`: predictions of a model's endpoint for the rows of a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.output import Json, Keep, Model, emit, note


def predict(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, CSV.gz, Parquet or JSON lines; '-' reads stdin.")],
    model: Model,
    keep: Keep = None,
    json: Json = False,
) -> None:
    """Predict for each row of a file.

    CSV on stdout, in the order of the file, each answer beside the key of its row."""
    from cli.connection import serving
    from perennial.client import batches, predictions
    from perennial.client.tables import read

    found = serving(model)
    table = read(file, as_text=True, columns=found.spec.columns)
    answered = predictions.predict(found, table, keep)
    note(f"{len(answered):,} rows predicted by {answered.version}")
    if not json:
        sys.stdout.write(batches.as_csv(list(answered.answers), answered.kept))
        return
    told = list(answered.answers)
    if answered.kept:
        rows = [dict(zip(answered.kept, values, strict=True)) for values in zip(*answered.kept.values(), strict=True)]
        told = [{"kept": row} | answer for row, answer in zip(rows, told, strict=True)]
    emit({"model": answered.version, "predictions": told})
