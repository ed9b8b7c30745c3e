"""The bounds of a model's uploads in a day: what is beyond them is kept where it is, and starts the next day.

The reconciler finds it then, as it finds an upload whose event was lost. People are told once a day. The size of a
manifest's parts is known when the run plans its validation, and is counted there: dispatch reads no manifest. So the
run under way and the upload that waits for it may exceed the bound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud import messaging
from functions.task import logger
from perennial.contract.model import ModelSpec
from perennial.records import DatasetVersion, Notice

if TYPE_CHECKING:
    from functions.dispatch.uploads import Context

GB = 10**9


def admits(context: Context, spec: ModelSpec, dataset: DatasetVersion) -> bool:
    """True for an upload that is known already, and for one within the bounds of this day (UTC).

    The first upload of a day is admitted whatever its size, or it would wait for ever.
    """
    day = f"{context.now:%Y-%m-%d}"
    uploads, size = context.ledger.day_counts(spec.name, day)
    within = uploads < spec.data.daily_uploads and size + dataset.size <= spec.data.daily_gb * GB
    if uploads == 0 or within or context.ledger.has_dataset(dataset.id):
        return True
    logger.warning("an upload waits for the next day", model=spec.name, uploads=uploads, bytes=size)
    if context.ledger.count_refused(f"bounds-{spec.name}", day) == 1:
        messaging.notify_people(context.platform, _notice(spec, uploads, size))
    return False


def count(context: Context, dataset: DatasetVersion) -> None:
    """Counts an upload that was admitted."""
    context.ledger.count_upload(dataset, context.now)


def _notice(spec: ModelSpec, uploads: int, size: int) -> Notice:
    text = (
        f"{spec.name} had {uploads:,} uploads of {size / GB:,.1f} GB today, and its spec allows "
        f"{spec.data.daily_uploads:,} uploads and {spec.data.daily_gb:,g} GB in a day (UTC). Further ones are kept, "
        "start tomorrow, and are told in no other notice today.\n"
        f"Next: raise data.daily_uploads or data.daily_gb in models/{spec.name}.yaml and deploy, if they are right"
    )
    return Notice(subject=f"{spec.name}: uploads wait for tomorrow", text=text, severity="warning")
