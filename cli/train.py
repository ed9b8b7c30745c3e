"""`perennial train`: trains and judges a model on this machine, without any cloud."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from cli import estimators, project
from cli.output import REFUSED, CommandError, Json, Model, emit, interrupted, line, next_line, note, stderr, usage
from perennial import layout

REPORT = "report.html"


def train(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, CSV.gz, Parquet or JSON lines.")],
    model: Model,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="For model and report. Default: build/train/MODEL."),
    ] = None,
    json: Json = False,
) -> None:
    """Train a model on this machine.

    The file is validated, and the program of the training job fits and judges the model, with no champion beside it.
    Nothing is uploaded, registered or released. A second training of the same file begins with its typed rows.
    Exit code 0 when the gate would promote the model, 3 when it would not."""
    spec = project.spec(model, project.training_hours())
    if not file.is_file():
        raise (
            usage(f"{file} is a folder; next: train on one of its files")
            if file.is_dir()
            else CommandError(f"{file}: no such file")
        )
    if ":" in spec.training.estimator:  # one of ours is tried by the training itself, within a second
        estimators.refuse([spec], project.root())

    from cli.file_training import FileTraining  # Polars takes a while to import; --help does not need it
    from cli.metrics import show_metrics
    from perennial import explanation, reports
    from perennial.contract.leak import Leak
    from perennial.gate.metric_rows import rows

    folder = out or project.build() / "train" / model
    if _holds_other_files(folder):
        raise usage(f"{folder} holds other files than a training's; next: choose another folder by --out")
    made = folder.resolve().with_name(f"{folder.resolve().name}.unfinished")
    ended = "the training is ended; what an earlier one wrote is kept"
    with stderr().status(f"training {model} ...") as status, interrupted(lambda: ended):

        def tell(text: str) -> None:
            status.update(f"{text} ...")
            if not status.console.is_terminal:
                note(f"  {text}", status.console)

        work = FileTraining(spec, project.root(), project.build() / "train" / "rows", made, tell)
        trained = work.run(file)
        written = reports.page(reports.run_contents(trained.report(spec)))
        (made / REPORT).write_text(written, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    page = folder / REPORT
    measured = rows(trained.evaluation)
    leakage = [Leak.from_json(each) for each in trained.evaluation.get("leakage", ())]
    for leak in leakage:
        note(leak.sentence)
    places = {"model": str(folder / "model"), "report": str(page)}
    if json:
        told = {"metrics": [row.to_json() for row in measured], "decision": trained.decision.as_dict()}
        told["leakage"] = [leak.to_json() | {"sentence": leak.sentence} for leak in leakage]
        emit({"outcome": trained.run.state} | told | places)
    else:
        line(f"{model}: the gate would {trained.decision.outcome} this model. {trained.decision.sentence}")
        for text in explanation.lines(trained.run.model_copy(update={"next_command": ""}), trained.decision)[1:]:
            line(text)
        show_metrics(measured)
        for name, place in places.items():
            line(f"{name}: {place}")
        next_line(trained.run.next_command)
    if not trained.decision.promote:
        raise typer.Exit(REFUSED)


def _holds_other_files(folder: Path) -> bool:
    """True for a folder with files, none of them the evaluation that a training writes."""
    return folder.is_dir() and any(folder.iterdir()) and not (folder / layout.EVALUATION).is_file()
