"""List the dataset's files with the versions they have now, and see that there is a grid to count their profiles on."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

from cloud import objects
from functions.task import Task, task
from perennial import layout, manifest
from perennial import profile as profiles
from perennial.records import DatasetVersion
from perennial.spec import ModelSpec
from perennial.validation import sample

SAMPLE_ROWS = 100_000  # enough that the deciles of a sample are those of the data to a third of a per cent
PATIENCE = 20  # tries, half a minute apart; see stacks/workflow.py


class MissingPartError(RuntimeError):
    """A file that the manifest names is not there yet; the workflow asks again for a while."""


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"files": {"bucket", "key"}, "count": n}. A fault of the manifest is kept beside the list, for the verdict."""
    dataset = task.ledger.dataset(task.run.dataset)
    files, fault = _files(task, dataset)
    grid = _grid(task, dataset, files) if files else ""
    bucket, folder = task.platform.data_bucket, layout.dataset(dataset.model, dataset.id)
    objects.write_json(bucket, folder + "files.json", [{**file, "grid": grid} for file in files])
    objects.write_json(bucket, folder + "plan.json", {"fault": fault, "grid": grid})
    return {"files": {"bucket": bucket, "key": folder + "files.json"}, "count": len(files)}


def columns_digest(spec: ModelSpec) -> str:
    """Names the columns and their types: a grid serves as long as these stay."""
    types = {name: column.type for name, column in spec.columns.items()}
    return hashlib.sha256(json.dumps(types).encode()).hexdigest()


def _files(task: Task, dataset: DatasetVersion) -> tuple[list[dict[str, Any]], str]:
    if not dataset.key.endswith("/" + layout.MANIFEST):
        file = {"index": 0, "key": dataset.key, "version_id": dataset.version_id, "size": dataset.size, "sha256": ""}
        return [file], ""
    try:
        entries = manifest.read(objects.read(dataset.bucket, dataset.key, dataset.version_id))
    except manifest.ManifestError as error:
        return [], str(error)
    files = []
    for index, entry in enumerate(entries):
        key = dataset.key.removesuffix(layout.MANIFEST) + entry.name
        try:
            head = objects.head(dataset.bucket, key)
        except objects.MissingObjectError:
            if task.event["tries"] < PATIENCE:
                raise MissingPartError(f"{key} is named by the manifest and not there yet") from None
            return [], f"'{entry.name}' is named by the manifest, but was not uploaded"
        files.append(
            {
                "index": index,
                "key": key,
                "version_id": head["VersionId"],
                "size": head["ContentLength"],
                "sha256": entry.sha256,
            }
        )
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
        objects.download(dataset.bucket, first["key"], path, first["version_id"])
        frozen = profiles.freeze(sample(path, contract, SAMPLE_ROWS), contract)
    key = layout.grid(dataset.model, frozen.digest)
    objects.write_json(task.platform.data_bucket, key, frozen.as_dict())
    return key
