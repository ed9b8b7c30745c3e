"""Inspect one file of a dataset: its verdict, profile and typed rows go to S3, so that the state stays small."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

from cloud import objects
from functions.task import Task, task
from perennial import layout
from perennial.profile import Grid
from perennial.validation import Problem, Verdict, inspect


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"index": n}"""
    file = task.event["file"]
    bucket = task.platform.data_bucket
    folder = layout.part(task.run.model, task.run.dataset, file["index"])
    grid = Grid.from_dict(objects.read_json(bucket, file["grid"]))
    with tempfile.TemporaryDirectory() as scratch:
        path, out, name = Path(scratch) / "upload", Path(scratch) / "out", Path(file["key"]).name
        objects.download(bucket, file["key"], path, file["version_id"])
        if file["sha256"] and _sha256(path) != file["sha256"]:
            objects.write_json(bucket, folder + "verdict.json", _wrong_checksum(path, name).as_dict())
            return {"index": file["index"]}
        found = inspect(path, task.spec.contract(), out, grid, name)
        for written in (found.rows, found.quarantined, found.keys):
            if written is not None:
                objects.upload(written, bucket, folder + written.name)
    objects.write_json(bucket, folder + "verdict.json", found.verdict.as_dict())
    if found.profile is not None:
        objects.write_json(bucket, folder + "profile.json", found.profile.as_dict())
    return {"index": file["index"]}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wrong_checksum(path: Path, name: str) -> Verdict:
    problem = Problem("checksum", f"the bytes of '{name}' are not those that the manifest's sha256 names")
    return Verdict(
        accepted=False,
        rows=0,
        rows_accepted=0,
        rows_quarantined=0,
        rows_broken=0,
        problems=(problem,),
        bytes=path.stat().st_size,
        name=name,
    )
