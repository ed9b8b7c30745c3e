"""Compare the keys that all parts have in one bucket: which rows repeat a key of an earlier part."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from cloud import objects
from functions.task import Task, task
from perennial import layout
from perennial.validation import cross_file_keys
from perennial.validation.cross_file_keys import KeyFile
from perennial.validation.keys import key_sets


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"parts": how many repeat keys of others}"""
    bucket, run = task.platform.data_bucket, task.run
    name, number = task.event["keys"]["set"], task.event["keys"]["bucket"]
    contract = task.spec.contract()
    keys = next(keys for keys in key_sets(contract) if keys.name == name)
    with tempfile.TemporaryDirectory() as folder:
        files = _fetch(task, layout.bucket_of_keys(run.model, run.id, name, number), Path(folder))
        found = cross_file_keys.compare(files, keys, Path(folder) / "repeated", contract.limits.keys)
        for part, paths in found.items():
            for place, path in enumerate(paths):
                key = f"{layout.repeated(run.model, run.id, part)}{name}-{number:05d}-{place:03d}.parquet"
                objects.upload(path, bucket, key)
    return {"parts": len(found)}


def _fetch(task: Task, prefix: str, folder: Path) -> list[KeyFile]:
    bucket = task.platform.data_bucket
    dataset = layout.dataset(task.run.model, task.run.dataset)
    names = {file["index"]: Path(file["key"]).name for file in objects.read_json(bucket, dataset + "files.json")}
    files = []
    for item in objects.listing(bucket, prefix):
        part = int(Path(item["Key"]).stem)
        path = folder / f"{part}.parquet"
        objects.download(bucket, item["Key"], path)
        files.append(KeyFile(part, names[part], path))
    return files
