"""Finds rows that repeat a key of another part: compares keys by bucket, and collects the parts to inspect again."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from cloud import s3
from cloud.handovers import ComparedKeys, CompareKeysRequest, Duplicates, RunRequest, S3Object, WorkItem
from functions.task import Task, task
from perennial import layout
from perennial.validation import cross_file_keys
from perennial.validation.cross_file_keys import KeyFile
from perennial.validation.keys import key_sets


@task(CompareKeysRequest)
def compare_keys(task: Task, request: CompareKeysRequest) -> ComparedKeys:
    """Compares the keys of all parts in one bucket; writes the rows that repeat a key of an earlier part."""
    run, (name, number) = task.run, (request.keys.set, request.keys.bucket)
    contract = task.spec.contract()
    keys = next(keys for keys in key_sets(contract) if keys.name == name)
    with tempfile.TemporaryDirectory() as folder:
        files = _fetch(task, layout.bucket_of_keys(run.model, run.id, name, number), Path(folder))
        found = cross_file_keys.compare(files, keys, Path(folder) / "repeated", contract.limits.keys)
        for part, paths in found.items():
            for place, path in enumerate(paths):
                key = layout.duplicates_in(layout.duplicates(run.model, run.id, part), name, number, place)
                s3.upload(path, task.platform.data_bucket, key)
    return ComparedKeys(len(found))


@task(RunRequest)
def collect_duplicates(task: Task, _request: RunRequest) -> Duplicates:
    """Lists the parts that repeat keys of others: they are inspected again, without those rows."""
    bucket, prefix = task.platform.data_bucket, layout.all_duplicates(task.run.model, task.run.id)
    parts = {int(item["Key"].removeprefix(prefix).split("/")[0]) for item in s3.listing(bucket, prefix)}
    again = [replace(item, again=True, sha256="") for item in work_items(task) if item.index in parts]
    key = layout.dataset(task.run.model, task.run.dataset, layout.DUPLICATES)
    s3.write_json(bucket, key, [item.to_json() for item in again])
    return Duplicates(S3Object(bucket, key), len(again))


def work_items(task: Task) -> list[WorkItem]:
    """The work items that the run's plan lists."""
    key = layout.dataset(task.run.model, task.run.dataset, layout.FILES)
    return [WorkItem.from_json(item, key) for item in s3.read_json(task.platform.data_bucket, key)]


def _fetch(task: Task, prefix: str, folder: Path) -> list[KeyFile]:
    bucket = task.platform.data_bucket
    names = {item.index: Path(item.key).name for item in work_items(task)}
    files = []
    for item in s3.listing(bucket, prefix):
        part = int(Path(item["Key"]).stem)
        path = folder / f"{part}.parquet"
        s3.download(bucket, item["Key"], path)
        files.append(KeyFile(part, names[part], path))
    return files
