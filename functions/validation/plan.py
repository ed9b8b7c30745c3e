"""List the dataset's files with the versions they have now, judge its card, and see that there is a grid."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud import objects
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

SAMPLE_ROWS = 100_000  # enough that the deciles of a sample are those of the data to a third of a per cent
PATIENCE = 20  # tries, half a minute apart; see stacks/workflow.py


class MissingPartError(RuntimeError):
    """A file that the manifest names is not there yet; the workflow asks again for a while."""


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"files": {"bucket", "key"}, "count": n, "keys": {"bucket", "key"}, "buckets": how many are to be compared}.

    What refuses the dataset unread, a fault of the manifest or of the card, is kept beside the list of files for the
    verdict; then there is nothing to inspect, and the count is 0.
    """
    dataset = task.ledger.dataset(task.run.dataset)
    uploads, problems = _uploads(task, dataset)
    problems += card.judge(task, dataset, {upload["key"] for upload in uploads})
    items = division.divide(dataset.bucket, uploads)
    sets = key_sets(task.spec.contract())
    grid = "" if problems else _grid(task, dataset, items)
    buckets = division.buckets(items) if sets and not problems else 0
    shared = {"grid": grid, "buckets": buckets, "again": False}
    bucket, folder = task.platform.data_bucket, layout.dataset(dataset.model, dataset.id)
    objects.write_json(bucket, folder + "files.json", [{**item, **shared} for item in items])
    compared = [{"set": keys.name, "bucket": n} for keys in sets for n in range(buckets)]
    objects.write_json(bucket, folder + "keys.json", compared)
    found = [problem.as_dict() for problem in problems]
    objects.write_json(bucket, folder + "plan.json", {"problems": found, "grid": grid})
    return {
        "files": {"bucket": bucket, "key": folder + "files.json"},
        "count": 0 if problems else len(items),
        "keys": {"bucket": bucket, "key": folder + "keys.json"},
        "buckets": len(compared),
    }


def columns_digest(spec: ModelSpec) -> str:
    """Names the columns and their types: a grid serves as long as these stay."""
    types = {name: column.type for name, column in spec.columns.items()}
    return hashlib.sha256(json.dumps(types).encode()).hexdigest()


def _uploads(task: Task, dataset: DatasetVersion) -> tuple[list[dict[str, Any]], list[Problem]]:
    """The files as they were uploaded, each with the version it has now; or the fault of their manifest."""
    if not dataset.key.endswith("/" + layout.MANIFEST):
        return [{"key": dataset.key, "version_id": dataset.version_id, "size": dataset.size, "sha256": ""}], []
    try:
        entries = manifest.read(objects.read(dataset.bucket, dataset.key, dataset.version_id))
    except manifest.ManifestError as error:
        return [], [Problem("manifest", str(error))]
    folder = dataset.key.removesuffix(layout.MANIFEST)
    heads = objects.heads(dataset.bucket, [folder + entry.name for entry in entries])
    files = []
    for entry, head in zip(entries, heads, strict=True):
        if head is None:
            if task.event["tries"] < PATIENCE:
                raise MissingPartError(f"{folder + entry.name} is named by the manifest and not there yet")
            fault = f"'{entry.name}' is named by the manifest, but was not uploaded"
            return [], [Problem("manifest", fault)]
        found = {"version_id": head["VersionId"], "size": head["ContentLength"], "sha256": entry.sha256}
        files.append({"key": folder + entry.name, **found})
    return files, []


def _grid(task: Task, dataset: DatasetVersion, files: list[dict[str, Any]]) -> str:
    """The S3 key of the model's frozen grid; where there is none for these columns, one is frozen from the first file.

    It becomes the model's own grid only when the dataset is accepted: bad data must not shape it.
    """
    known = task.ledger.grid(dataset.model)
    if known and known["columns"] == columns_digest(task.spec):
        return known["key"]
    first, contract = files[0], task.spec.contract()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(first["key"]).name
        row_groups = fetch_head(dataset.bucket, first, path)
        frozen = profiles.freeze(sample(path, contract, SAMPLE_ROWS, row_groups), contract)
    key = layout.grid(dataset.model, frozen.digest)
    objects.write_json(task.platform.data_bucket, key, frozen.as_dict())
    return key
