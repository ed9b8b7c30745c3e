"""Plans a validation: lists the dataset's files with their versions, checks its card, and freezes a grid."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cloud import s3
from cloud.handovers import (
    PAUSE_SECONDS,
    KeyBucket,
    PlannedFiles,
    RunRequest,
    S3Object,
    UploadedFile,
    ValidationPlan,
    WorkItem,
)
from functions.task import Task, task
from functions.validation import card, division
from functions.validation.fetching import fetch_head
from perennial import layout, manifest
from perennial import profile as profiles
from perennial.validation import Problem, sample
from perennial.validation.keys import key_sets

if TYPE_CHECKING:  # see functions.task
    from perennial.contract.model import ModelSpec
    from perennial.records import DatasetVersion

SAMPLE_ROWS = 100_000  # the deciles of such a sample are those of the data to a third of a per cent
PART_WAITS = 600 // PAUSE_SECONDS  # for a part that the manifest names: ten minutes


@task(RunRequest)
def handler(task: Task, _request: RunRequest) -> PlannedFiles:
    """Writes the list of work items and of key buckets to S3; waits for parts that are not uploaded yet.

    Problems of the manifest or of the card refuse the dataset unread: they are stored for the verdict, and there is
    nothing to inspect.
    """
    dataset = task.ledger.dataset(task.run.dataset)
    bucket = task.platform.data_bucket
    files = S3Object(bucket, layout.dataset(dataset.model, dataset.id, layout.FILES))
    uploads, problems, missing = _uploads(dataset)
    if missing:
        if task.may_wait("plan", PART_WAITS):
            return PlannedFiles("waiting", files)
        problems = [Problem("manifest", f"'{missing}' is named by the manifest, but was not uploaded")]
    if layout.is_named(dataset.key, layout.MANIFEST):
        task.ledger.count_parts(dataset, sum(upload.size for upload in uploads), task.run.started_at)
    task.ledger.change_dataset(dataset.id, content=_content(uploads))
    problems += card.check(task, dataset, {upload.key for upload in uploads})
    items = division.divide(dataset.bucket, uploads)
    sets = key_sets(task.spec.contract())
    grid = "" if problems else _grid(task, dataset, items)
    buckets = division.buckets([item.size for item in items]) if sets and not problems else 0
    s3.write_json(bucket, files.key, [replace(item, grid=grid, buckets=buckets).to_json() for item in items])
    keys = S3Object(bucket, layout.dataset(dataset.model, dataset.id, layout.BUCKETS))
    compared = [KeyBucket(key_set.name, number) for key_set in sets for number in range(buckets)]
    s3.write_json(bucket, keys.key, [one.to_json() for one in compared])
    plan = ValidationPlan(tuple(problem.as_dict() for problem in problems), grid)
    s3.write_json(bucket, layout.dataset(dataset.model, dataset.id, layout.PLAN), plan.to_json())
    return PlannedFiles("planned", files, 0 if problems else len(items), keys, len(compared))


def columns_digest(spec: ModelSpec) -> str:
    """The digest of the columns and their types: a grid is valid as long as it stays the same."""
    types = {name: column.type for name, column in spec.columns.items()}
    return hashlib.sha256(json.dumps(types).encode()).hexdigest()


def _uploads(dataset: DatasetVersion) -> tuple[list[UploadedFile], list[Problem], str]:
    """The files of the dataset with their versions, the problems of its manifest, and the name of a missing part."""
    if not layout.is_named(dataset.key, layout.MANIFEST):
        etag = s3.head(dataset.bucket, dataset.key, dataset.version_id)["ETag"]
        return [UploadedFile(dataset.key, dataset.version_id, dataset.size, etag)], [], ""
    folder = dataset.key.removesuffix(layout.MANIFEST)
    try:
        entries = manifest.read(s3.read(dataset.bucket, dataset.key, dataset.version_id), folder)
    except manifest.ManifestError as error:
        return [], [Problem("manifest", str(error))], ""
    heads = s3.heads(dataset.bucket, [folder + entry.name for entry in entries])
    files = []
    for entry, head in zip(entries, heads, strict=True):
        if head is None:
            return [], [], entry.name
        facts = head["VersionId"], head["ContentLength"], head["ETag"]
        files.append(UploadedFile(folder + entry.name, *facts, entry.sha256))
    return files, [], ""


def _content(files: Sequence[UploadedFile]) -> str:
    """The digest of the names below the dataset's folder, the sizes and the ETags of its files.

    Equal bytes that are uploaded alike have equal digests. Under SSE-KMS, and in parts of another size, they have not.
    """
    single = len(files) == 1
    facts = sorted(("" if single else file.key.rpartition("/")[2], file.size, file.etag) for file in files)
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest() if facts else ""


def _grid(task: Task, dataset: DatasetVersion, files: Sequence[WorkItem]) -> str:
    """The S3 key of the model's frozen grid; where there is none for these columns, one is frozen from the first file.

    It becomes the model's grid when the dataset is accepted: refused data has no influence on it.
    """
    known = task.ledger.grid(dataset.model)
    if known and known["columns"] == columns_digest(task.spec):
        return known["key"]
    first, contract = files[0], task.spec.contract()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(first.key).name
        row_groups = fetch_head(dataset.bucket, first, path)
        frozen = profiles.freeze(sample(path, contract, SAMPLE_ROWS, row_groups), contract)
    key = layout.grid(dataset.model, frozen.digest)
    s3.write_json(task.platform.data_bucket, key, frozen.as_dict())
    return key
