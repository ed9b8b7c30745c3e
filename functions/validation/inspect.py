"""Inspects one part of a dataset, a file or a slice of one; its verdict, profile, rows and keys go to S3."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from awsrules import quotas
from cloud import s3
from cloud.handovers import InspectedPart, InspectRequest, UninspectableRequest, WorkItem
from functions.task import Task, task
from functions.validation.fetching import ADVICE, fetch
from perennial import layout
from perennial.profile import Grid
from perennial.validation import Inspection, Part, Problem, Verdict, cross_file_keys, inspect

if TYPE_CHECKING:
    from perennial.validation.forgotten import Forgotten

LARGEST_MEMORY_MB = int(quotas.MEMORY.grown)
FAILURES = {
    "Runtime.OutOfMemory": "ran out of memory",
    "Sandbox.Timedout": "did not end in time",
    "States.Timeout": "did not end in time",
}


@task(InspectRequest)
def handler(task: Task, request: InspectRequest) -> InspectedPart:
    """Inspects the part. An item with `again` repeats keys of other parts, which are then known."""
    item, bucket = request.file, task.platform.data_bucket
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        problem = fetch(bucket, item, scratch / "upload")
        if problem is not None:
            _write_verdict(task, item, _refusal(item, problem))
            return InspectedPart(item.index)
        grid = Grid.from_dict(s3.read_json(bucket, item.grid))
        part = Part(
            row_groups=item.row_groups,
            keys=item.buckets > 0 and not item.again,
            repeated=_duplicates(task, item, scratch) if item.again else {},
            forgotten=_forgotten(task),
        )
        found = inspect(scratch / "upload", task.spec.contract(), scratch / "out", grid, Path(item.key).name, part)
        _write(task, item, found)
        _write_keys(task, item, found.keys, scratch)
    return InspectedPart(item.index)


@task(UninspectableRequest)
def mark_uninspectable(task: Task, request: UninspectableRequest) -> InspectedPart:
    """Refuses a part that neither the usual nor the larger worker could inspect; names the larger one's memory."""
    item, failure = request.file, FAILURES.get(request.error.error, "failed")
    name, memory = Path(item.key).name, int(task.platform.largest_memory_mb or LARGEST_MEMORY_MB)
    message = f"'{name}' is too much for one worker: two tries, the second with {memory:,} MB of memory, {failure}"
    message += f"; {ADVICE}"
    if memory < LARGEST_MEMORY_MB:
        message += (
            f", or deploy with -c largest_memory_mb={LARGEST_MEMORY_MB} where the account's quota "
            f"'{quotas.MEMORY.name}' is more than {memory:,} MB"
        )
    _write_verdict(task, item, _refusal(item, Problem("too-large", message)))
    return InspectedPart(item.index)


def _refusal(item: WorkItem, problem: Problem) -> Verdict:
    """The verdict on a part that was not read."""
    return Verdict(
        accepted=False,
        rows=0,
        rows_accepted=0,
        rows_quarantined=0,
        rows_broken=0,
        problems=(problem,),
        name=Path(item.key).name,
    )


def _write_verdict(task: Task, item: WorkItem, verdict: Verdict) -> None:
    """Writes the part's verdict. Of the slices of a file the first counts as the file."""
    counted = replace(verdict, bytes=item.size, files=1 if item.first else 0)
    key = layout.part(task.run.model, task.run.dataset, item.index, layout.VERDICT)
    s3.write_json(task.platform.data_bucket, key, counted.as_dict())


def _write(task: Task, item: WorkItem, found: Inspection) -> None:
    bucket, run = task.platform.data_bucket, task.run
    for written in (found.rows, found.quarantined):
        if written is not None:
            s3.upload(written, bucket, layout.part(run.model, run.dataset, item.index, written.name))
    if found.profile is not None:
        key = layout.part(run.model, run.dataset, item.index, layout.PROFILE)
        s3.write_json(bucket, key, found.profile.as_dict())
    _write_verdict(task, item, replace(found.verdict, rows_sha256=_sha256(found.rows)))


def _sha256(path: Path | None) -> str:
    """The digest of a file in hex; '' without a file."""
    if path is None:
        return ""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _write_keys(task: Task, item: WorkItem, keys: Mapping[str, Path], scratch: Path) -> None:
    """Writes the part's keys, a file for each bucket, in the folders of all parts."""
    run = task.run
    for name, path in keys.items():
        for bucket, divided in enumerate(cross_file_keys.buckets(path, item.buckets, scratch / "buckets" / name)):
            key = layout.keys_of_part(run.model, run.id, name, bucket, item.index)
            s3.upload(divided, task.platform.data_bucket, key)


def _forgotten(task: Task) -> Forgotten | None:
    """The persons whose rows are left out, if the spec says so."""
    if task.spec.validation.forgotten == "accept":
        return None
    from cloud import forgettings  # the ledger's records take long to import
    from perennial.validation.forgotten import Forgotten

    known = forgettings.forgotten(task.ledger, task.run.model)
    return Forgotten.of(forgettings.secret(task.ledger, task.run.model), known) if known else None


def _duplicates(task: Task, item: WorkItem, scratch: Path) -> dict[str, list[Path]]:
    """Downloads, by key set, the files that list the rows of this part that repeat keys of other parts."""
    folder = layout.duplicates(task.run.model, task.run.id, item.index)
    found: dict[str, list[Path]] = {}
    for listed in s3.listing(task.platform.data_bucket, folder):
        path = scratch / listed["Key"].removeprefix(folder)
        s3.download(task.platform.data_bucket, listed["Key"], path)
        found.setdefault(layout.duplicates_key_set(listed["Key"]), []).append(path)
    return found
