"""Merges the verdicts and profiles of all parts; copies a refused dataset to quarantine with its verdict."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from cloud import s3
from cloud.handovers import RunRequest, ValidationPlan, VerdictReference
from functions.task import Task, task
from functions.validation.duplicates import work_items
from functions.validation.plan import columns_digest
from perennial import layout
from perennial import profile as profiles
from perennial.profile import Profile
from perennial.validation import History, Problem, Verdict, merge

SHOWN = 20  # problems in the ledger's record; verdict.json holds all


@task(RunRequest)
def handler(task: Task, _request: RunRequest) -> VerdictReference:
    """Writes verdict and profile of the dataset, and records the verdict."""
    bucket, key = task.platform.data_bucket, layout.dataset(task.run.model, task.run.dataset, layout.PLAN)
    plan = ValidationPlan.from_json(s3.read_json(bucket, key), key)
    verdict = _verdict(task, [Problem.from_dict(found) for found in plan.problems])
    s3.write_json(bucket, layout.dataset(task.run.model, task.run.dataset, layout.VERDICT), verdict.as_dict())
    task.ledger.change_dataset(
        task.run.dataset,
        accepted=verdict.accepted,
        rows=verdict.rows_accepted,
        rows_quarantined=verdict.rows_quarantined,
    )
    if verdict.accepted:
        _write_profile(task)
        task.ledger.put_grid(task.run.model, plan.grid, columns_digest(task.spec))
    else:
        _quarantine(task)
    shown = verdict.problems[:SHOWN]
    task.note(
        "validation",
        (verdict.sentence, *(problem.message for problem in shown), *_where(task, verdict)),
        {
            "accepted": verdict.accepted,
            "rows": verdict.rows,
            "rows_accepted": verdict.rows_accepted,
            "rows_quarantined": verdict.rows_quarantined,
            "rows_duplicate": verdict.rows_duplicate,
            "cleaned": verdict.as_dict()["cleaned"],
            "problems": [problem.as_dict() | {"examples": []} for problem in shown],
        },
        problem_codes=() if verdict.accepted else tuple(problem.code for problem in verdict.problems[:SHOWN]),
    )
    return VerdictReference(verdict.accepted)


def _where(task: Task, verdict: Verdict) -> Iterator[str]:
    """The place of the quarantined rows of an accepted dataset."""
    if verdict.accepted and verdict.rows_quarantined:
        pattern = layout.any_part(task.run.model, task.run.dataset, layout.QUARANTINED)
        yield f"Rows set aside are in {pattern}, each with its reason."


def _verdict(task: Task, problems: list[Problem]) -> Verdict:
    """The verdict on the dataset. `problems` refuse it unread."""
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
    found = s3.read_all_json(task.platform.data_bucket, _parts(task, layout.VERDICT))
    parts = [Verdict.from_dict(one) for one in found]
    return merge(parts, task.spec.contract(), _history(task))


def _history(task: Task) -> History:
    """The time of the upload, and the numbers of rows of the model's earlier accepted datasets."""
    dataset = task.ledger.dataset(task.run.dataset)
    earlier = [
        known
        for known in task.ledger.datasets(task.run.model)
        if known.accepted and known.uploaded_at < dataset.uploaded_at
    ]
    newest_first = sorted(earlier, key=lambda known: known.uploaded_at, reverse=True)
    return History(dataset.uploaded_at, tuple(known.rows for known in newest_first if known.rows is not None))


def _write_profile(task: Task) -> None:
    bucket, key = task.platform.data_bucket, layout.dataset(task.run.model, task.run.dataset, layout.PROFILE)
    parts = map(Profile.from_dict, s3.read_all_json(bucket, _parts(task, layout.PROFILE)))
    s3.write_json(bucket, key, reduce(profiles.merge, parts).as_dict())


def _quarantine(task: Task) -> None:
    """Copies the refused files, byte for byte, and the verdict."""
    bucket, run = task.platform.data_bucket, task.run
    for item in work_items(task):
        if item.first:
            target = layout.quarantine(run.model, run.dataset, item.key.rsplit("/", 1)[-1])
            s3.copy((bucket, item.key, item.version_id), bucket, target)
    verdict = layout.dataset(run.model, run.dataset, layout.VERDICT)
    s3.copy((bucket, verdict, None), bucket, layout.quarantine(run.model, run.dataset, layout.VERDICT))


def _parts(task: Task, name: str) -> Iterator[str]:
    """The keys of a file of every part."""
    for item in s3.listing(task.platform.data_bucket, layout.parts(task.run.model, task.run.dataset)):
        if layout.is_named(item["Key"], name):
            yield item["Key"]
