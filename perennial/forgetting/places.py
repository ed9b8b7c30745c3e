"""The places where a person's data can lie: every kind of object, by its key, and what forgetting does there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from perennial import layout

Bucket = Literal["data", "models", "traffic"]
BUCKETS: tuple[Bucket, ...] = ("data", "models", "traffic")
Treatment = Literal["rewrite", "remake", "delete", "redact"]
#: how it is known that an object concerns the subject: by its content, because it was made from such an object,
#: or because it was made from all data of the model
Evidence = Literal["content", "origin", "model"]
_ID = "0123456789ab"  # stands for the digits of an id
_END = "\0"  # stands for a name in a folder


@dataclass(frozen=True)
class Place:
    """A kind of object: its bucket, the folder for a model, what forgetting does, and how an object is found.

    `file` is the name of its files; empty for all others in the folder.
    """

    name: str
    bucket: Bucket
    folder: Callable[[str], str]
    treatment: Treatment
    evidence: Evidence
    file: str = ""

    def matches(self, model: str, key: str) -> bool:
        """True if a key of this bucket is of this kind."""
        folder = re.escape(self.folder(model)).replace(_ID, "[0-9a-f]{12}")
        named = not self.file or layout.is_named(key, self.file)
        return named and re.match(folder, key) is not None

    def prefix(self, model: str) -> str:
        """The prefix under which such objects of a model lie; others may lie there, too."""
        return self.folder(model).partition(_ID)[0]


def _of_id(kind: str, folder: Callable[[str, str], str]) -> Callable[[str], str]:
    """The folders of all datasets (ds) or runs (run) of a model."""
    return lambda model: folder(model, f"{kind}-{model}-{_ID}")


def _one(folder: Callable[[str, str], str]) -> Callable[[str], str]:
    """The folder of files or folders that are named by a digest or a job."""
    return lambda model: folder(model, _END).partition(_END)[0]


_DATASET, _SCRATCH = _of_id("ds", layout.dataset), _of_id("run", layout.scratch)
_QUARANTINE, _RUN = _of_id("ds", layout.quarantine), _of_id("run", lambda _, run: layout.run(run))
_PLAN = _of_id("run", lambda _, run: layout.training_plan(run))
_OUTPUT = _of_id("run", lambda _, run: layout.training_output(run))

# The first that matches counts. docs/privacy.md lists them.
PLACES: tuple[Place, ...] = (
    Place("uploads", "data", _one(layout.incoming), "rewrite", "content"),
    Place("labels that were uploaded", "data", _one(layout.truth), "rewrite", "content"),
    Place("accepted rows", "data", _DATASET, "rewrite", "content", layout.ROWS),
    Place("requests that became training data", "data", _DATASET, "rewrite", "content", layout.ORIGINS),
    Place("quarantined rows", "data", _DATASET, "rewrite", "content", layout.QUARANTINED),
    Place("results about datasets", "data", _DATASET, "remake", "origin"),
    Place("frozen grids", "data", _one(layout.grid), "remake", "model"),
    Place("keys that were compared", "data", _SCRATCH, "delete", "content"),
    Place("refused datasets", "data", _QUARANTINE, "rewrite", "content"),
    Place("archives of training jobs", "models", _OUTPUT, "delete", "origin"),
    Place("champions beside plans", "models", _PLAN, "delete", "origin", layout.CHAMPION),
    Place("results of runs", "models", _RUN, "delete", "origin"),
    Place("registered models", "models", _one(layout.archive), "delete", "origin"),
    Place("reports and pages", "models", layout.reports, "remake", "origin"),
    Place("value lists of specs", "models", _one(layout.spec), "redact", "content"),
    Place("captured traffic", "traffic", layout.all_captures, "rewrite", "content"),
    Place("requests in tables", "traffic", partial(layout.table, layout.REQUESTS), "rewrite", "content"),
    Place("labels in tables", "traffic", partial(layout.table, layout.TRUTHS), "rewrite", "content"),
    Place("unreadable requests", "traffic", partial(layout.table, layout.UNREADABLE), "rewrite", "content"),
    Place("counts of labels", "traffic", layout.truth_records, "remake", "origin"),
    Place("batches", "traffic", _one(layout.batch_input), "delete", "content"),
    Place("results of monitoring", "traffic", layout.watched, "remake", "origin"),
)


def place_of(bucket: Bucket, model: str, key: str) -> Place | None:
    """The place of an object; None for one of another model, or of none."""
    return next((place for place in PLACES if place.bucket == bucket and place.matches(model, key)), None)


def prefixes(bucket: Bucket, model: str) -> tuple[str, ...]:
    """The prefixes that are to be listed to find every object of a model in a bucket, without those inside others."""
    found = sorted({place.prefix(model) for place in PLACES if place.bucket == bucket})
    return tuple(one for one in found if not any(one != other and one.startswith(other) for other in found))


@dataclass(frozen=True)
class Unreachable:
    """A place that no state of the workflow can search or change, and the number of days after which it ends.

    `days` is None where nobody but its owner can end it.
    """

    name: str
    days: int | None
    advice: str


def unreachable(log_days: int | None, traffic_days: int) -> tuple[Unreachable, ...]:
    """The places that cannot be reached. `log_days` is the retention of log groups, `traffic_days` of captures.

    The logs in which a value is quoted are searched; those that are left quote no value of four characters.
    """
    return (
        Unreachable("point-in-time copies of the ledger", 35, "DynamoDB keeps them; nobody restores them by accident"),
        Unreachable("access logs of the buckets", 365, "they hold key names, and no content"),
        Unreachable("shorter values in logs of functions, jobs and endpoints", log_days, "by their retention"),
        Unreachable("histories of executions", 90, "Step Functions keeps them; they hold keys, and no content"),
        Unreachable("messages in queues and dead-letter queues", 14, "SQS deletes them"),
        Unreachable("earlier versions of captured traffic", traffic_days + 1, "by the rule of the traffic bucket"),
        Unreachable("uploads whose keys name no model", None, "perennial runs lists them; delete them by hand"),
        Unreachable("notices in mailboxes and chats", None, "they hold no values; ask the recipients if in doubt"),
        Unreachable("files on laptops", None, "build/, reports, predictions, results of batches and of traffic --out"),
    )
