"""One run per model at a time: a lease with a fencing token, the slot of the pending dataset, and the champion.

The token grows with each lease of a model. A run that promotes a version must hold the lease under its own token, in
the same transaction: a run whose lease has expired is fenced off, however late it writes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from botocore.exceptions import ClientError

from cloud import CloudError
from cloud.ledger import Ledger
from perennial.records import Champion, DatasetVersion, Retirement, Run


class LostLeaseError(CloudError):
    """Another run holds the model's lease now; this one must not write any more."""


class Holder(Protocol):
    """The holder of a lease: a run, or a forgetting."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def model(self) -> str:
        """Its model."""

    @property
    def token(self) -> int:
        """Its fencing token."""


def acquire(ledger: Ledger, model: str, run: str, now: datetime, hold: timedelta) -> int | None:
    """Takes the model's lease for a run. Returns the fencing token, or None when another run has the lease.

    The run that has it gets the same token again: a repeated start must not fence off itself.
    """
    try:
        answer = ledger.table.update_item(
            Key=_key(model, "lease"),
            UpdateExpression="SET holder = :run, expires_at = :until ADD #token :one",
            ConditionExpression="attribute_not_exists(holder) OR expires_at < :now",
            ExpressionAttributeNames={"#token": "token"},
            ExpressionAttributeValues={":run": run, ":until": _utc(now + hold), ":now": _utc(now), ":one": 1},
            ReturnValues="UPDATED_NEW",
        )
    except ClientError as error:
        _when_refused(error)
        item = ledger.table.get_item(Key=_key(model, "lease"), ConsistentRead=True).get("Item", {})
        return int(item["token"]) if item.get("holder") == run else None
    return int(answer["Attributes"]["token"])


def renew(ledger: Ledger, run: Holder, now: datetime, hold: timedelta) -> None:
    """Holds the lease for longer. Raises LostLeaseError when the run no longer has it."""
    try:
        ledger.table.update_item(
            Key=_key(run.model, "lease"),
            UpdateExpression="SET expires_at = :until",
            ConditionExpression="holder = :run AND #token = :token",
            ExpressionAttributeNames={"#token": "token"},
            ExpressionAttributeValues={":run": run.id, ":token": run.token, ":until": _utc(now + hold)},
        )
    except ClientError as error:
        _when_refused(error)
        raise LostLeaseError(f"{run.id} no longer holds the lease of {run.model}; another run has taken over") from None


def take_over(ledger: Ledger, run: Run, now: datetime, hold: timedelta) -> bool:
    """Gives a run's lease its next token, for an execution that cleans up after another one of the same run.

    What that one still does is fenced off from then on. Safe to repeat. False where the run no longer has the lease.
    """
    try:
        ledger.table.update_item(
            Key=_key(run.model, "lease"),
            UpdateExpression="SET expires_at = :until, #token = :new",
            ConditionExpression="holder = :run AND #token IN (:old, :new)",
            ExpressionAttributeNames={"#token": "token"},
            ExpressionAttributeValues={
                ":run": run.id,
                ":old": run.token,
                ":new": run.token + 1,
                ":until": _utc(now + hold),
            },
        )
    except ClientError as error:
        _when_refused(error)
        return False
    return True


def release(ledger: Ledger, run: Holder) -> None:
    """Releases the lease, if the run still has it."""
    try:
        ledger.table.update_item(
            Key=_key(run.model, "lease"),
            UpdateExpression="REMOVE holder, expires_at",
            ConditionExpression="holder = :run AND #token = :token",
            ExpressionAttributeNames={"#token": "token"},
            ExpressionAttributeValues={":run": run.id, ":token": run.token},
        )
    except ClientError as error:
        _when_refused(error)


@dataclass(frozen=True)
class Held:
    """A lease that was not released: its run, its fencing token, and when it ends."""

    run: str
    token: int
    until: str


def held(ledger: Ledger, model: str) -> Held | None:
    """The model's lease, also one whose time is over; None where it was released."""
    item = ledger.table.get_item(Key=_key(model, "lease"), ConsistentRead=True).get("Item", {})
    return Held(str(item["holder"]), int(item["token"]), str(item["expires_at"])) if item.get("holder") else None


def holder(ledger: Ledger, model: str, now: datetime) -> str | None:
    """The run that holds the model's lease now."""
    found = held(ledger, model)
    return found.run if found is not None and found.until >= _utc(now) else None


def pend(ledger: Ledger, dataset: DatasetVersion) -> str | None:
    """Sets the pending dataset of a model. Returns the id of the dataset that is superseded, if any.

    The slot holds the newest upload: a newer one supersedes the one that waits, an older one is superseded by it.
    """
    try:
        answer = ledger.table.put_item(
            Item={**_key(dataset.model, "pending"), "dataset": dataset.id, "order": order(dataset)},
            ConditionExpression="attribute_not_exists(pk) OR #order <= :order",
            ExpressionAttributeNames={"#order": "order"},
            ExpressionAttributeValues={":order": order(dataset)},
            ReturnValues="ALL_OLD",
        )
    except ClientError as error:
        _when_refused(error)
        return dataset.id
    old = answer.get("Attributes", {}).get("dataset")
    return str(old) if old and old != dataset.id else None


def pending(ledger: Ledger, model: str) -> str | None:
    """The dataset that waits for the model's lease."""
    item = ledger.table.get_item(Key=_key(model, "pending"), ConsistentRead=True).get("Item")
    return str(item["dataset"]) if item else None


def unpend(ledger: Ledger, model: str, dataset: str) -> None:
    """Empties the slot, if that dataset is still the pending one."""
    try:
        ledger.table.delete_item(
            Key=_key(model, "pending"),
            ConditionExpression="dataset = :dataset",
            ExpressionAttributeValues={":dataset": dataset},
        )
    except ClientError as error:
        _when_refused(error)


def order(dataset: DatasetVersion) -> str:
    """The order of uploads: by time, then by S3's sequencer, right-padded, for one key within a second."""
    return f"{_utc(dataset.uploaded_at)} {dataset.sequencer.ljust(40, '0')} {dataset.id}"


def is_newest(ledger: Ledger, dataset: DatasetVersion) -> bool:
    """Notes a version of a key. False if a newer one was noted before: events may arrive out of order."""
    digest = hashlib.sha256(dataset.key.encode()).hexdigest()[:32]
    try:
        ledger.table.update_item(
            Key=_key(dataset.model, f"latest#{digest}"),
            UpdateExpression="SET #order = :order",
            ConditionExpression="attribute_not_exists(#order) OR #order <= :order",
            ExpressionAttributeNames={"#order": "order"},
            ExpressionAttributeValues={":order": order(dataset)},
        )
    except ClientError as error:
        _when_refused(error)
        return False
    return True


def promote(ledger: Ledger, run: Holder, champion: Champion) -> None:
    """Writes the champion, if the run still holds the lease under its token. Raises LostLeaseError."""
    item = {**_key(run.model, "champion"), "record": champion.model_dump_json()}
    put = {"Put": {"TableName": ledger.table.name, "Item": item}}
    _write_under_lease(ledger, run, [put], f"promote {champion.version}")


def retire(ledger: Ledger, run: Run, retirement: Retirement) -> None:
    """Writes the retirement of a model and takes its champion away, under the same condition."""
    item = {**_key(run.model, "retired"), "record": retirement.model_dump_json()}
    put = {"Put": {"TableName": ledger.table.name, "Item": item}}
    delete = {"Delete": {"TableName": ledger.table.name, "Key": _key(run.model, "champion")}}
    _write_under_lease(ledger, run, [put, delete], f"retire {run.model}")


def _write_under_lease(ledger: Ledger, run: Holder, writes: list[dict[str, Any]], what: str) -> None:
    check = {
        "TableName": ledger.table.name,
        "Key": _key(run.model, "lease"),
        "ConditionExpression": "holder = :run AND #token = :token",
        "ExpressionAttributeNames": {"#token": "token"},
        "ExpressionAttributeValues": {":run": run.id, ":token": run.token},
    }
    try:
        ledger.table.meta.client.transact_write_items(TransactItems=[{"ConditionCheck": check}, *writes])
    except ledger.table.meta.client.exceptions.TransactionCanceledException:
        raise LostLeaseError(f"{run.id} lost its lease and may not {what}") from None


def _key(model: str, sk: str) -> dict[str, str]:
    return {"pk": f"model#{model}", "sk": sk}


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _when_refused(error: ClientError) -> None:
    """Ignores the refusal of a condition; raises every other error."""
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
