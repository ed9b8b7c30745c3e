"""Inspect one file of a dataset, or a slice: its verdict, profile, rows and keys go to S3, so the state stays small."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cloud import objects
from functions.task import Task, task
from functions.validation.fetching import fetch
from perennial import layout
from perennial.profile import Grid
from perennial.validation import Inspection, Part, Problem, Verdict, cross_file_keys, inspect


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"index": n}. A file that is looked at "again" repeats keys of other files, which are now known."""
    file = task.event["file"]
    bucket = task.platform.data_bucket
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        problem = fetch(bucket, file, scratch / "upload")
        if problem is not None:
            write_verdict(task, refusal(file, problem))
            return {"index": file["index"]}
        grid = Grid.from_dict(objects.read_json(bucket, file["grid"]))
        part = Part(
            row_groups=tuple(file["row_groups"]) if file["row_groups"] else None,
            keys=file["buckets"] > 0 and not file["again"],
            repeated=_repeated(task, scratch) if file["again"] else {},
        )
        path, name = scratch / "upload", Path(file["key"]).name
        found = inspect(path, task.spec.contract(), scratch / "out", grid, name, part)
        _write(task, found)
        _write_keys(task, found.keys, scratch)
    return {"index": file["index"]}


def refusal(file: Mapping[str, Any], problem: Problem) -> Verdict:
    """The verdict over a file that was not read."""
    return Verdict(
        accepted=False,
        rows=0,
        rows_accepted=0,
        rows_quarantined=0,
        rows_broken=0,
        problems=(problem,),
        name=Path(file["key"]).name,
    )


def write_verdict(task: Task, verdict: Verdict) -> None:
    """The part's verdict. Of the slices of a file the first counts as the file."""
    file = task.event["file"]
    counted = replace(verdict, bytes=file["size"], files=1 if file["first"] else 0)
    key = layout.part(task.run.model, task.run.dataset, file["index"]) + "verdict.json"
    objects.write_json(task.platform.data_bucket, key, counted.as_dict())


def _write(task: Task, found: Inspection) -> None:
    bucket = task.platform.data_bucket
    folder = layout.part(task.run.model, task.run.dataset, task.event["file"]["index"])
    for written in (found.rows, found.quarantined):
        if written is not None:
            objects.upload(written, bucket, folder + written.name)
    if found.profile is not None:
        objects.write_json(bucket, folder + "profile.json", found.profile.as_dict())
    write_verdict(task, found.verdict)


def _write_keys(task: Task, keys: Mapping[str, Path], scratch: Path) -> None:
    """The part's keys, a file for each bucket, beside those of all other parts."""
    file, run = task.event["file"], task.run
    for name, path in keys.items():
        for bucket, divided in enumerate(cross_file_keys.buckets(path, file["buckets"], scratch / "buckets" / name)):
            key = layout.bucket_of_keys(run.model, run.id, name, bucket) + f"{file['index']:05d}.parquet"
            objects.upload(divided, task.platform.data_bucket, key)


def _repeated(task: Task, scratch: Path) -> dict[str, list[Path]]:
    """By key set the files that name the rows of this part that repeat rows of others."""
    folder = layout.repeated(task.run.model, task.run.id, task.event["file"]["index"])
    found: dict[str, list[Path]] = {}
    for item in objects.listing(task.platform.data_bucket, folder):
        name = item["Key"].removeprefix(folder)
        path = scratch / name
        objects.download(task.platform.data_bucket, item["Key"], path)
        found.setdefault(name.split("-")[0], []).append(path)
    return found
