"""Merges the verdicts and profiles of all parts; copies a refused dataset to quarantine with its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from cloud import lease, parts, s3
from cloud.handovers import RunRequest, ValidationPlan, VerdictReference
from functions.task import Task, task
from functions.validation.duplicates import work_items
from functions.validation.plan import columns_digest
from perennial import layout
from perennial import profile as profiles
from perennial.card import has_ended
from perennial.parts import listed
from perennial.profile import Profile
from perennial.validation import History, Problem, Verdict, merge
from perennial.window import choose

if TYPE_CHECKING:  # see functions.task
    from perennial.records import DatasetVersion

SHOWN = 20  # problems in the ledger's record; verdict.json holds all


@task(RunRequest)
def handler(task: Task, _request: RunRequest) -> VerdictReference:
    """Writes verdict and profile of the dataset, and records the verdict."""
    bucket, key = task.platform.data_bucket, layout.dataset(task.run.model, task.run.dataset, layout.PLAN)
    plan = ValidationPlan.from_json(s3.read_json(bucket, key), key)
    found = {} if plan.problems else dict(_part_verdicts(task))
    verdict = _verdict(task, list(found.values()), [Problem.from_dict(one) for one in plan.problems])
    s3.write_json(bucket, layout.dataset(task.run.model, task.run.dataset, layout.VERDICT), verdict.as_dict())
    task.ledger.change_dataset(
        task.run.dataset,
        accepted=verdict.accepted,
        rows=verdict.rows_accepted,
        rows_quarantined=verdict.rows_quarantined,
    )
    if verdict.accepted:
        _write_profile(task)
        digests = listed({number: one.rows_sha256 for number, one in found.items()})
        parts.put(task.ledger, bucket, task.ledger.dataset(task.run.dataset), digests)
        task.ledger.put_grid(task.run.model, plan.grid, columns_digest(task.spec))
    else:
        _quarantine(task)
    told = verdict.without_values()
    shown = told.problems[:SHOWN]
    task.note(
        "validation",
        (told.sentence, *(problem.message for problem in shown), *_where(task, verdict)),
        {
            "accepted": verdict.accepted,
            "rows": verdict.rows,
            "rows_accepted": verdict.rows_accepted,
            "rows_quarantined": verdict.rows_quarantined,
            "rows_duplicate": verdict.rows_duplicate,
            "cleaned": verdict.as_dict()["cleaned"],
            "problems": [problem.as_dict() for problem in shown],
        },
        problem_codes=() if verdict.accepted else tuple(problem.code for problem in verdict.problems[:SHOWN]),
    )
    return VerdictReference(verdict.accepted)


def _where(task: Task, verdict: Verdict) -> Iterator[str]:
    """The place of the quarantined rows of an accepted dataset."""
    if verdict.accepted and verdict.rows_quarantined:
        pattern = layout.any_part(task.run.model, task.run.dataset, layout.QUARANTINED)
        yield f"Rows set aside are in {pattern}, each with its reason."


def _verdict(task: Task, of_parts: list[Verdict], problems: list[Problem]) -> Verdict:
    """The verdict on the dataset, from those on its parts. `problems` refuse it unread."""
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
    return merge(of_parts, task.spec.contract(), _history(task))


def _part_verdicts(task: Task) -> Iterator[tuple[int, Verdict]]:
    """The verdict on each part, by the part's number."""
    keys = list(_parts(task, layout.VERDICT))
    for key, found in zip(keys, s3.read_all_json(task.platform.data_bucket, keys), strict=True):
        yield int(key.split("/")[-2]), Verdict.from_dict(found)


def _history(task: Task) -> History:
    """The time of the upload, and the rows and classes of the model's earlier accepted datasets."""
    dataset = task.ledger.dataset(task.run.dataset)
    excluded = task.ledger.exclusions(task.run.model)
    accepted = [known for known in task.ledger.datasets(task.run.model) if known.accepted and known.id not in excluded]
    earlier = [known for known in accepted if known.uploaded_at < dataset.uploaded_at]
    rows = tuple(known.rows for known in reversed(earlier) if known.rows is not None)
    return History(dataset.uploaded_at, rows, _earlier_classes(task, accepted))


def _earlier_classes(task: Task, accepted: Sequence[DatasetVersion]) -> dict[str, int]:
    """The classes of the datasets that a binary model would be trained on together with this one, and their rows.

    Verdicts of another target or type, and of releases that did not count classes, are left out. So are those of more
    than two classes, from before the problem was binary: the training job excludes them.
    """
    spec, own = task.spec, task.run.dataset
    if spec.problem != "binary":
        return {}
    known = sorted([*(each for each in accepted if each.id != own), task.ledger.dataset(own)], key=lease.order)
    ended = {each.id for each in known if has_ended(each, spec.card, task.now)}
    window = choose(known, own, spec.training.window, ended, ())
    keys = [layout.dataset(each.model, each.id, layout.VERDICT) for each in window.datasets if each.id != own]
    bucket, total = task.platform.data_bucket, Counter[str]()
    heads = s3.heads(bucket, keys)
    for found in s3.read_all_json(bucket, [key for key, head in zip(keys, heads, strict=True) if head]):
        verdict = Verdict.from_dict(found)
        same = (verdict.target, verdict.target_type) == (spec.target, spec.columns[spec.target].type)
        if same and len(verdict.classes) <= 2:
            total.update(verdict.classes)
    return dict(total)


def _write_profile(task: Task) -> None:
    bucket, key = task.platform.data_bucket, layout.dataset(task.run.model, task.run.dataset, layout.PROFILE)
    found = map(Profile.from_dict, s3.read_all_json(bucket, _parts(task, layout.PROFILE)))
    s3.write_json(bucket, key, reduce(profiles.merge, found).as_dict())


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
