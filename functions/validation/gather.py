"""Gather the parts that repeat keys of others: they are inspected again, without those rows."""

from __future__ import annotations

from typing import Any

from cloud import objects
from functions.task import Task, task
from perennial import layout


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"files": {"bucket", "key"}, "count": n}"""
    bucket, folder = task.platform.data_bucket, layout.dataset(task.run.model, task.run.dataset)
    prefix = layout.scratch(task.run.model, task.run.id) + "repeated/"
    parts = {int(item["Key"].removeprefix(prefix).split("/")[0]) for item in objects.listing(bucket, prefix)}
    files = [file for file in objects.read_json(bucket, folder + "files.json") if file["index"] in parts]
    objects.write_json(bucket, folder + "again.json", [{**file, "again": True, "sha256": ""} for file in files])
    return {"files": {"bucket": bucket, "key": folder + "again.json"}, "count": len(files)}
