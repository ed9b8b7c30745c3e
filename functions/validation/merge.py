"""Make one verdict and one profile of what the files gave; a refused dataset goes to quarantine with its reasons."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

from cloud import objects
from functions.task import Task, task
from functions.validation.plan import columns_digest
from perennial import layout
from perennial import profile as profiles
from perennial.profile import Profile
from perennial.validation import History, Problem, Verdict, merge

SHOWN = 20  # problems in the ledger's record; all of them are in verdict.json


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"accepted": bool}"""
    bucket, folder = task.platform.data_bucket, layout.dataset(task.run.model, task.run.dataset)
    plan = objects.read_json(bucket, folder + "plan.json")
    verdict = _verdict(task, folder, [Problem.from_dict(found) for found in plan["problems"]])
    objects.write_json(bucket, folder + "verdict.json", verdict.as_dict())
    task.ledger.change_dataset(
        task.run.dataset,
        accepted=verdict.accepted,
        rows=verdict.rows_accepted,
        rows_quarantined=verdict.rows_quarantined,
    )
    if verdict.accepted:
        _keep_profile(task, folder)
        task.ledger.put_grid(task.run.model, plan["grid"], columns_digest(task.spec))
    else:
        _quarantine(task, folder)
    shown = verdict.problems[:SHOWN]
    task.note(
        "validation",
        (verdict.sentence, *(problem.message for problem in shown), *_where(verdict, folder)),
        {
            "accepted": verdict.accepted,
            "rows": verdict.rows,
            "rows_accepted": verdict.rows_accepted,
            "rows_quarantined": verdict.rows_quarantined,
            "rows_duplicate": verdict.rows_duplicate,
            "cleaned": verdict.as_dict()["cleaned"],
            "problems": [problem.as_dict() | {"examples": []} for problem in shown],
        },
    )
    return {"accepted": verdict.accepted}


def _where(verdict: Verdict, folder: str) -> Iterator[str]:
    """Where to look for rows that were set aside from a dataset that was accepted."""
    if verdict.accepted and verdict.rows_quarantined:
        yield f"Rows set aside lie beside their reasons in {folder}parts/*/quarantined.parquet."


def _verdict(task: Task, folder: str, problems: list[Problem]) -> Verdict:
    """`problems` are those for which nothing was inspected."""
    if problems:
        return Verdict(
            accepted=False,
            rows=0,
            rows_accepted=0,
            rows_quarantined=0,
            rows_broken=0,
            problems=tuple(problems),
            files=0,
        )
    bucket = task.platform.data_bucket
    parts = [Verdict.from_dict(found) for found in objects.read_all_json(bucket, _parts(task, folder, "verdict.json"))]
    return merge(parts, task.spec.contract(), _history(task))


def _history(task: Task) -> History:
    """When the dataset was uploaded, and how many rows the model's earlier accepted ones have."""
    dataset = task.ledger.dataset(task.run.dataset)
    earlier = [
        known
        for known in task.ledger.datasets(task.run.model)
        if known.accepted and known.uploaded_at < dataset.uploaded_at
    ]
    newest_first = sorted(earlier, key=lambda known: known.uploaded_at, reverse=True)
    return History(dataset.uploaded_at, tuple(known.rows for known in newest_first if known.rows is not None))


def _keep_profile(task: Task, folder: str) -> None:
    bucket = task.platform.data_bucket
    parts = map(Profile.from_dict, objects.read_all_json(bucket, _parts(task, folder, "profile.json")))
    objects.write_json(bucket, folder + "profile.json", reduce(profiles.merge, parts).as_dict())


def _quarantine(task: Task, folder: str) -> None:
    """Keep the very bytes that were refused, beside the reasons."""
    bucket, place = task.platform.data_bucket, layout.quarantine(task.run.model, task.run.dataset)
    for file in objects.read_json(bucket, folder + "files.json"):
        if file["first"]:
            objects.copy((bucket, file["key"], file["version_id"]), bucket, place + file["key"].rsplit("/", 1)[-1])
    objects.copy((bucket, folder + "verdict.json", None), bucket, place + "verdict.json")


def _parts(task: Task, folder: str, name: str) -> Iterator[str]:
    for item in objects.listing(task.platform.data_bucket, folder + "parts/"):
        if item["Key"].endswith("/" + name):
            yield item["Key"]
