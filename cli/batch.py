"""`perennial batch`: predictions for a whole file by a transform job, without the endpoint."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import CommandError, Json, emit, line, note, printable, stderr, usage
from perennial import layout

if TYPE_CHECKING:
    from cloud.platform import Platform
    from perennial.contract.model import ModelSpec
    from perennial.records import ModelVersion

S3 = "s3://"


@dataclass(frozen=True)
class Ends:
    """The source of the rows and the destination of the predictions: paths, or s3://bucket/key."""

    source: str
    target: str


def batch(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model: models/MODEL.yaml.")],
    source: Annotated[
        str, typer.Argument(metavar="FILE|S3URI", help="CSV, CSV.gz, Parquet or JSON lines; s3://BUCKET/KEY.")
    ],
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE|S3URI", help="*.csv or *.jsonl. Default: beside the input."),
    ] = None,
    json: Json = False,
) -> None:
    """Predict for a whole file by a transform job.

    The champion predicts in a SageMaker job of its own, with the code of its endpoint. Predictions are in the order of
    the rows.
    """
    from cli.serving import serving

    ends = Ends(source, out or _beside(source))
    if not ends.target.endswith((".csv", ".jsonl")):
        raise usage(f"--out {ends.target}: expected a name that ends in .csv or .jsonl")
    found = serving(model)
    platform, spec, version = found.platform, found.spec, found.version
    job = _run(platform, spec, version, ends)
    rows = _deliver(platform, spec, job, ends)
    note(f"{rows:,} rows answered by {version.id}")
    emit({"job": job, "model": version.id, "rows": rows, "out": ends.target}) if json else line(ends.target)


def _run(platform: Platform, spec: ModelSpec, version: ModelVersion, ends: Ends) -> str:
    """The name of the completed job. Raises CommandError if it failed."""
    from cloud import jobs
    from perennial.identity import batch_id

    job = batch_id(platform.environment.prefix, spec.name, ends.source, str(time.time_ns()))
    _put(platform, spec, job, ends.source)
    pause = 0.3 if os.environ.get("AWS_ENDPOINT_URL") else 10.0
    with stderr().status(f"{job} ...") as status:
        _start(platform, spec, version, job, status.update)
        while not (found := jobs.describe_transform(job)).has_ended:
            status.update(f"{job}: {found.status} ...")
            time.sleep(pause)
    if found.status != "Completed":
        raise CommandError(
            f"{job} ended {found.status}: {found.failure or 'SageMaker gives no reason'}; next: look at the log group "
            "/aws/sagemaker/TransformJobs, or ask for a few of the rows by perennial predict"
        )
    return job


def _start(platform: Platform, spec: ModelSpec, version: ModelVersion, job: str, show: Callable[[str], None]) -> None:
    """Starts the job; waits for instances that other jobs use. Raises QuotaError, BusyError after six hours."""
    from cloud import jobs, quotas

    pause = 1.0 if os.environ.get("AWS_ENDPOINT_URL") else float(quotas.PAUSE.seconds)
    for waits_left in reversed(range(quotas.WAITS)):
        try:
            jobs.start_transform(platform, spec, version, job)
        except quotas.BusyError as busy:
            if not waits_left:
                raise
            show(f"{job} waits: {busy.message} ...")
            time.sleep(pause)
        else:
            return


def _put(platform: Platform, spec: ModelSpec, job: str, source: str) -> None:
    """The rows as JSON lines with field names, because a job splits a file into requests by lines."""
    from cloud import s3
    from cloud.platform import client

    target = (platform.traffic_bucket, layout.batch_input(spec.name, job))
    if source.startswith(S3) and source.endswith((".jsonl", ".ndjson")):
        bucket, key = _parse(source)
        s3.copy((bucket, key, None), *target)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(source)
        if source.startswith(S3):
            bucket, key = _parse(source)
            path = Path(folder) / key.rsplit("/", 1)[-1]
            s3.download(bucket, key, path)
        client("s3").put_object(Bucket=target[0], Key=target[1], Body=_lines(path, spec))


def _lines(path: Path, spec: ModelSpec) -> bytes:
    from cli.requests import lines  # Polars takes a while to import; --help does not need it
    from cli.tables import read

    return lines(read(path, as_text=True, columns=spec.columns), spec)


def _deliver(platform: Platform, spec: ModelSpec, job: str, ends: Ends) -> int:
    """Writes the predictions to their destination and returns their number."""
    from cloud import s3
    from cloud.platform import client

    content = s3.read(platform.traffic_bucket, layout.batch_output(spec.name, job))
    # A job ends each piece with a line break, and so does the server: lines between pieces are empty.
    answers = [answer for answer in content.splitlines() if answer.strip()]
    text = b"\n".join([*answers, b""]) if ends.target.endswith(".jsonl") else _csv(answers)
    if ends.target.startswith(S3):
        bucket, key = _parse(ends.target)
        client("s3").put_object(Bucket=bucket, Key=key, Body=text)
    else:
        Path(ends.target).write_bytes(text)
    return len(answers)


#: the first characters of a formula, in any spreadsheet
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _csv(answers: list[bytes]) -> bytes:
    """The endpoint's columns: label and probability, or label and a column for each class, or value."""
    import csv
    import io
    import json

    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    header: list[str] | None = None
    for answer in answers:
        row = _flat(json.loads(answer))
        if header is None:
            header = list(row)
            writer.writerow(header)
        writer.writerow([row.get(name) for name in header])
    return file.getvalue().encode()


def _flat(prediction: dict[str, Any]) -> dict[str, Any]:
    classes = prediction.get("probabilities") or {}
    plain = {name: value for name, value in prediction.items() if not isinstance(value, dict | list)}
    row = plain | classes
    return {_cell(name): _cell(value) for name, value in row.items()}


def _cell(value: Any) -> Any:
    """A value as a spreadsheet must read it: a text that would be a formula begins with an apostrophe."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    return printable(f"'{value}" if value.startswith(_FORMULA) else value)


def _beside(source: str) -> str:
    return f"{source.removesuffix('.gz').rpartition('.')[0] or source}.predictions.csv"


def _parse(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix(S3).partition("/")
    if not bucket or not key or key.endswith("/"):
        raise usage(f"{uri}: expected s3://BUCKET/KEY of one file")
    return bucket, key
