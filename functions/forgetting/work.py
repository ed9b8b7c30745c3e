"""The context of a step of a forgetting: its record, its files in S3, and the model's lease."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from cloud import forgettings, lease, s3
from cloud.forgetting import name_of
from cloud.handovers import HOLD
from cloud.ledger import Ledger
from cloud.platform import Platform, from_environment
from functions.dispatch.handler import specs
from functions.task import utc_now
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.forgetting.contents import Found
from perennial.forgetting.places import Place, place_of
from perennial.forgetting.planning import Stored
from perennial.forgetting.subject import parse
from perennial.forgetting.tracing import Tracer
from perennial.forgetting.work import Forgetting

MOST, MOST_BYTES = 200, 64 << 20  # objects and bytes of one step
LARGEST = 256 << 20  # bytes of an object that is read whole; a larger one is left, and told


@dataclass
class Work:
    """One step of a forgetting. `tracer` looks for the persons; for a retention it finds nobody."""

    platform: Platform
    ledger: Ledger
    record: Forgetting
    spec: ModelSpec
    now: datetime
    tracer: Tracer
    uploads: set[tuple[str, str]] | None = None

    @property
    def model(self) -> str:
        """The model."""
        return self.record.model

    def put(self, **changes: Any) -> None:
        """Writes the record with some changes."""
        self.record = forgettings.put(self.ledger, self.record.model_copy(update=changes))

    def go_on(self, **changes: Any) -> None:
        """Begins the next stage."""
        self.record = forgettings.put(self.ledger, self.record.after(self.record.stage).model_copy(update=changes))

    def hold(self) -> bool:
        """Takes or renews the model's lease: no run may read what is written again. False while a run has it."""
        token = lease.acquire(self.ledger, self.model, self.record.id, self.now, HOLD)
        if token is None:
            return False
        self.record = self.record.model_copy(update={"token": token})
        lease.renew(self.ledger, self.record, self.now, HOLD)
        return True

    def release(self) -> None:
        """Releases the lease."""
        held = lease.held(self.ledger, self.model)
        if held is not None and held.run == self.record.id:
            lease.release(self.ledger, self.record.model_copy(update={"token": held.token}))

    def bucket(self, stored: Stored) -> str:
        """The name of an object's bucket."""
        return name_of(self.platform, stored.bucket)

    def read(self, stored: Stored) -> bytes | None:
        """The bytes of an object version; None where it is gone."""
        try:
            return s3.read(self.bucket(stored), stored.key, stored.version_id)
        except s3.MissingObjectError:
            return None

    # files of the work

    def path(self, name: str) -> str:
        """The key of a file of the work."""
        return layout.forgetting(self.model, self.record.id, name)

    def write(self, name: str, value: Any) -> None:
        """Writes a file of the work."""
        s3.write_json(self.platform.models_bucket, self.path(name), value)

    def load(self, name: str, default: Any = None) -> Any:
        """Reads a file of the work."""
        try:
            return s3.read_json(self.platform.models_bucket, self.path(name))
        except s3.MissingObjectError:
            return default

    def found(self, stage: str) -> list[Stored]:
        """The object versions that the steps of a search read, in their order, with their findings."""
        folder = self.path(f"{stage}/")
        keys = [item["Key"] for item in s3.listing(self.platform.models_bucket, folder)]
        return [stored_of(item) for step in s3.read_all_json(self.platform.models_bucket, keys) for item in step]

    def concerned(self) -> list[tuple[Stored, Place]]:
        """The object versions that concern the persons, as the search has listed them."""
        found = [stored_of(item) for item in self.load(layout.CONCERNED, [])]
        placed = [(each, place_of(each.bucket, self.model, each.key)) for each in found]
        return [(each, place) for each, place in placed if place is not None]

    def placed(self, stage: str) -> list[tuple[Stored, Place]]:
        """The same with the place of each."""
        found = [(each, place_of(each.bucket, self.model, each.key)) for each in self.found(stage)]
        return [(each, place) for each, place in found if place is not None]


def open_work(identity: str) -> Work:
    """The work of a forgetting as it stands."""
    platform, now = from_environment(), utc_now()
    ledger = Ledger(platform.ledger_table)
    record = forgettings.get(ledger, identity)
    spec = specs()[record.model]
    named = forgettings.subjects(platform, record) if record.kind == "subject" and record.ended_at is None else []
    work = Work(platform, ledger, record, spec, now, Tracer(spec, [parse(text, spec) for text in named]))
    work.tracer.known += [_typed(row) for row in work.load(layout.KNOWN, [])]
    return work


def keep_known(work: Work) -> None:
    """Keeps the rows by which persons are recognised where their columns are missing."""
    work.write(layout.KNOWN, [_plain(row) for row in work.tracer.known])


def step(items: Sequence[Stored], position: int) -> Iterator[Stored]:
    """The items of one step: MOST at most, and about MOST_BYTES."""
    total = 0
    for each in items[position : position + MOST]:
        if total and total + each.size > MOST_BYTES:
            return
        total += each.size
        yield each


def as_list(stored: Stored) -> list[Any]:
    """An object version as JSON."""
    found = stored.found
    return [stored.bucket, stored.key, stored.version_id, stored.size, found.rows, found.mentions]


def stored_of(item: Sequence[Any]) -> Stored:
    """The inverse."""
    bucket, key, version_id, size, rows, mentions = item
    return replace(Stored(bucket, key, version_id, size), found=Found(rows, mentions))


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: {"date": value.isoformat()} if isinstance(value, date) else value for name, value in row.items()}


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _dated(value["date"]) if isinstance(value, dict) else value for name, value in row.items()}


def _dated(text: str) -> date:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
