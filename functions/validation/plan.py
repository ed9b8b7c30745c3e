"""List the dataset's files with the versions they have now, and see that there is a grid to count their profiles on."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud import objects
from functions.task import Task, task
from functions.validation import division
from functions.validation.fetching import fetch_head
from perennial import layout, manifest
from perennial import profile as profiles
from perennial.validation import sample
from perennial.validation.keys import key_sets

if TYPE_CHECKING:  # see functions.task
    from perennial.records import DatasetVersion
    from perennial.spec import ModelSpec

SAMPLE_ROWS = 100_000  # enough that the deciles of a sample are those of the data to a third of a per cent
PATIENCE = 20  # tries, half a minute apart; see stacks/workflow.py


class MissingPartError(RuntimeError):
    """A file that the manifest names is not there yet; the workflow asks again for a while."""


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"files": {"bucket", "key"}, "count": n, "keys": {"bucket", "key"}, "buckets": how many are to be compared}.

    A fault of the manifest is kept beside the list of files, for the verdict.
    """
    dataset = task.ledger.dataset(task.run.dataset)
    uploads, fault = _uploads(task, dataset)
    items = division.divide(dataset.bucket, uploads)
    grid = _grid(task, dataset, items) if items else ""
    buckets = division.buckets(items) if key_sets(task.spec.contract()) else 0
    shared = {"grid": grid, "buckets": buckets, "again": False}
    bucket, folder = task.platform.data_bucket, layout.dataset(dataset.model, dataset.id)
    objects.write_json(bucket, folder + "files.json", [{**item, **shared} for item in items])
    compared = [{"set": keys.name, "bucket": n} for keys in key_sets(task.spec.contract()) for n in range(buckets)]
    objects.write_json(bucket, folder + "keys.json", compared)
    objects.write_json(bucket, folder + "plan.json", {"fault": fault, "grid": grid})
    return {
        "files": {"bucket": bucket, "key": folder + "files.json"},
        "count": len(items),
        "keys": {"bucket": bucket, "key": folder + "keys.json"},
        "buckets": len(compared),
    }


def columns_digest(spec: ModelSpec) -> str:
    """Names the columns and their types: a grid serves as long as these stay."""
    types = {name: column.type for name, column in spec.columns.items()}
    return hashlib.sha256(json.dumps(types).encode()).hexdigest()


def _uploads(task: Task, dataset: DatasetVersion) -> tuple[list[dict[str, Any]], str]:
    """The files as they were uploaded, each with the version it has now; or the fault of their manifest."""
    if not dataset.key.endswith("/" + layout.MANIFEST):
        return [{"key": dataset.key, "version_id": dataset.version_id, "size": dataset.size, "sha256": ""}], ""
    try:
        entries = manifest.read(objects.read(dataset.bucket, dataset.key, dataset.version_id))
    except manifest.ManifestError as error:
        return [], str(error)
    folder = dataset.key.removesuffix(layout.MANIFEST)
    heads = objects.heads(dataset.bucket, [folder + entry.name for entry in entries])
    files = []
    for entry, head in zip(entries, heads, strict=True):
        if head is None:
            if task.event["tries"] < PATIENCE:
                raise MissingPartError(f"{folder + entry.name} is named by the manifest and not there yet")
            return [], f"'{entry.name}' is named by the manifest, but was not uploaded"
        found = {"version_id": head["VersionId"], "size": head["ContentLength"], "sha256": entry.sha256}
        files.append({"key": folder + entry.name, **found})
    return files, ""


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
