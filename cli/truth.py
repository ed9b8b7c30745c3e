"""`perennial truth`: uploads what turned out to be true of requests."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import connection, project
from cli.output import REFUSED, CommandError, Json, Model, emit, interrupted, line, note
from perennial import layout
from perennial.identity import truth_id

if TYPE_CHECKING:
    from cloud.platform import Platform

LARGEST = 5 << 30  # bytes; one PutObject takes no more
PATIENCE = 900  # seconds: the function that reads labels has ten minutes


def truth(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, CSV.gz, Parquet or JSON lines.")],
    model: Model,
    wait: Annotated[
        bool, typer.Option("--wait", "-w", help="Wait until the labels are read, and show what counts.")
    ] = False,
    json: Json = False,
) -> None:
    """Upload labels: `inference_id` or the key's columns, the target, and optionally `known_at`.

    A later label replaces an earlier one. With --wait, a file that is refused gives exit code 3.
    """
    project.spec(model)
    if not file.is_file():
        raise CommandError(f"{file}: no such file")
    if file.stat().st_size > LARGEST:
        raise CommandError(f"{file} is larger than 5 GiB, which one upload may be; next: split it")
    platform, _ = connection.connect()
    from cloud.platform import client

    key = layout.truth(model, file.name)
    with file.open("rb") as body:
        answer = client("s3").put_object(Bucket=platform.data_bucket, Key=key, Body=body)
    identity = truth_id(model, platform.data_bucket, key, str(answer["VersionId"]))
    note(f"uploaded to s3://{platform.data_bucket}/{key}")
    if not wait:
        emit({"truth": identity, "key": key}) if json else line(identity)
        return
    with interrupted(lambda: f"only this command has ended: {identity} was uploaded, and is read in the cloud"):
        found = _record(platform, model, identity)
    if json:
        emit(found)
    else:
        line(f"{identity}: {found['labels']:,} of {found['rows']:,} rows count")
        for sentence in found["sentences"]:
            line(f"  {sentence}")
    raise typer.Exit(REFUSED if found["refused"] else 0)


def _record(platform: Platform, model: str, identity: str) -> dict[str, Any]:
    """The counts of the upload, once it was read. Raises CommandError if that takes too long."""
    from cloud import s3

    end = time.monotonic() + PATIENCE
    while True:
        try:
            return dict(s3.read_json(platform.traffic_bucket, layout.truth_record(model, identity)))
        except s3.MissingObjectError:
            if time.monotonic() > end:
                raise CommandError(
                    f"{identity} was not read within {PATIENCE // 60} minutes; next: look at the dead-letter queue and "
                    "at the log of the function RecordTruth"
                ) from None
            time.sleep(1)
