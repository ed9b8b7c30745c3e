"""`perennial batch`: predictions for a whole file by a transform job, without the endpoint."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.output import Json, Keep, emit, interrupted, line, note, stderr, usage


def batch(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model: models/MODEL.yaml.")],
    source: Annotated[
        str, typer.Argument(metavar="FILE|S3URI", help="CSV, CSV.gz, Parquet or JSON lines; s3://BUCKET/KEY.")
    ],
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE|S3URI", help="*.csv or *.jsonl. Default: beside the input."),
    ] = None,
    keep: Keep = None,
    json: Json = False,
) -> None:
    """Predict for a whole file by a transform job.

    The champion predicts in a SageMaker job of its own, with the code of its endpoint. Predictions are in the order of
    the rows, each beside the key of its row.
    """
    from cli.connection import serving
    from perennial.client.batches import Batch, Ends, beside

    ends = Ends(source, out or beside(source))
    if not ends.target.endswith((".csv", ".jsonl")):
        raise usage(f"--out {ends.target}: expected a name that ends in .csv or .jsonl")
    found = serving(model)
    with stderr().status(f"{source} ...") as status:
        work = Batch(found, ends, keep, status.update)
        with interrupted(
            lambda: (
                f"only this command has ended: {work.job} goes on, and its answers stay in S3; to end it: "
                f"perennial stop {work.job}"
                if work.job
                else "nothing was started"
            )
        ):
            rows = work.run()
    note(f"{rows:,} rows answered by {found.version.id}")
    told = {"job": work.job, "model": found.version.id, "rows": rows, "out": ends.target}
    emit(told) if json else line(ends.target)
