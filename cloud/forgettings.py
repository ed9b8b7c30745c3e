"""Forgettings in the ledger and in S3: their records, what they work on, and their executions.

pk model#flights   sk forgetting#ID          the record
                   sk forgotten#FINGERPRINT  the columns of a person whose later uploads may be set aside
                   sk forgets                the model's secret, under which fingerprints are made
                   sk rewritten#DIGITS       an upload that a forgetting wrote again: key and ETag

The persons themselves stand in one object, which the forgetting's own function and the person who asks may read; it is
deleted with the receipt.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import textwrap
from collections.abc import Sequence
from datetime import datetime

from cloud import CloudError, s3
from cloud.ledger import Ledger, MissingRecordError
from cloud.platform import Platform, client
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.forgetting.receipt import Receipt
from perennial.forgetting.subject import Subject
from perennial.forgetting.work import Forgetting, Kind
from perennial.identity import forget_id, model_of


class ForgettingError(CloudError):
    """A forgetting cannot be begun or resumed, for the reason given."""


def secret(ledger: Ledger, model: str) -> str:
    """The secret under which a model's fingerprints are made."""
    return ledger.secret(model, "forgets", secrets.token_urlsafe(24))


def put(ledger: Ledger, record: Forgetting) -> Forgetting:
    """Writes a record, and returns it."""
    item = {"pk": f"model#{record.model}", "sk": f"forgetting#{record.id}", "record": record.model_dump_json()}
    ledger.table.put_item(Item=item)
    return record


def get(ledger: Ledger, identity: str) -> Forgetting:
    """A record by its id. Raises MissingRecordError."""
    key = {"pk": f"model#{model_of(identity)}", "sk": f"forgetting#{identity}"}
    item = ledger.table.get_item(Key=key, ConsistentRead=True).get("Item")
    if item is None:
        raise MissingRecordError(f"the ledger has no record of {identity}")
    return Forgetting.model_validate_json(item["record"])


def of_model(ledger: Ledger, model: str) -> list[Forgetting]:
    """All forgettings of a model, oldest first."""
    found = ledger.items(model, "forgetting#")
    return sorted((Forgetting.model_validate_json(item["record"]) for item in found), key=lambda one: one.started_at)


def unlearnt(ledger: Ledger, model: str) -> set[str]:
    """The model versions that learnt from what is or was forgotten: none grows from them."""
    return {version for record in of_model(ledger, model) for version in record.learnt}


def begin(
    platform: Platform, ledger: Ledger, spec: ModelSpec, subjects: Sequence[Subject], asked: tuple[str, datetime]
) -> Forgetting:
    """Begins to forget persons. `asked`: who asks, and when. The same second is the same forgetting."""
    who, now = asked
    key = secret(ledger, spec.name)
    record = Forgetting(
        id=forget_id(spec.name, now.isoformat()),
        model=spec.name,
        kind="subject",
        who=who,
        started_at=now,
        spec_digest=spec.digest(),
        fingerprints=tuple(sorted(each.fingerprint(key) for each in subjects)),
        columns=tuple(sorted({tuple(each.values) for each in subjects})),
    )
    request = {"subjects": [each.asked for each in subjects]}
    s3.write_json(platform.models_bucket, layout.forgetting(spec.name, record.id, layout.REQUEST), request)
    return _start(platform, put(ledger, record))


def begin_retention(
    platform: Platform, ledger: Ledger, model: str, datasets: Sequence[str], now: datetime
) -> Forgetting:
    """Begins to delete datasets whose retention has ended."""
    kind: Kind = "retention"
    record = Forgetting(
        id=forget_id(model, "\x00".join(sorted(datasets))),
        model=model,
        kind=kind,
        who="retention",
        started_at=now,
        datasets=tuple(datasets),
    )
    return _start(platform, put(ledger, record))


def resume(platform: Platform, ledger: Ledger, identity: str) -> Forgetting:
    """Begins a forgetting again that ended incomplete, or whose execution has died. Raises ForgettingError."""
    record = get(ledger, identity)
    if record.outcome == "forgotten":
        raise ForgettingError(f"{identity} is done", record.next_command)
    if record.outcome == "running" and is_running(platform, record):
        raise ForgettingError(f"{identity} is under way")
    again = {"stage": "hold", "position": 0, "waits": 0, "outcome": "running", "reasons": (), "ended_at": None}
    return _start(platform, put(ledger, record.model_copy(update={**again, "attempt": record.attempt + 1})))


def is_running(platform: Platform, record: Forgetting) -> bool:
    """True if the execution of a forgetting runs."""
    states = client("stepfunctions")
    try:
        found = states.describe_execution(executionArn=_arn(platform, record))
    except states.exceptions.ExecutionDoesNotExist:
        return False
    return bool(found["status"] == "RUNNING")


def subjects(platform: Platform, record: Forgetting) -> list[str]:
    """The persons as they were asked for. Raises MissingObjectError after the end."""
    key = layout.forgetting(record.model, record.id, layout.REQUEST)
    return list(s3.read_json(platform.models_bucket, key)["subjects"])


def _start(platform: Platform, record: Forgetting) -> Forgetting:
    states = client("stepfunctions")
    with contextlib.suppress(states.exceptions.ExecutionAlreadyExists):
        states.start_execution(
            stateMachineArn=platform.forgetting_machine, name=record.execution, input=json.dumps({"id": record.id})
        )
    return record


def _arn(platform: Platform, record: Forgetting) -> str:
    return f"{platform.forgetting_machine.replace(':stateMachine:', ':execution:')}:{record.execution}"


# uploads that were written again


def note_rewritten(ledger: Ledger, model: str, key: str, etag: str) -> None:
    """Records the ETag of an upload before it is written again, so that its event starts nothing."""
    ledger.table.put_item(Item=_rewritten(model, key, etag))


def is_rewritten(ledger: Ledger, model: str, key: str, etag: str) -> bool:
    """True if a forgetting wrote an upload with this ETag."""
    wanted = _rewritten(model, key, etag.strip('"'))
    return bool(etag) and "Item" in ledger.table.get_item(Key=wanted, ConsistentRead=True)


def _rewritten(model: str, key: str, etag: str) -> dict[str, str]:
    digits = hashlib.sha256(f"{key}\x00{etag}".encode()).hexdigest()[:32]
    return {"pk": f"model#{model}", "sk": f"rewritten#{digits}"}


# persons who were forgotten


def mark_forgotten(ledger: Ledger, record: Forgetting) -> None:
    """Keeps the fingerprints of the persons, by which later uploads of theirs are known."""
    for fingerprint in record.fingerprints:
        columns = json.dumps([list(each) for each in record.columns])
        item = {"pk": f"model#{record.model}", "sk": f"forgotten#{fingerprint}", "columns": columns}
        ledger.table.put_item(Item=item)


def forgotten(ledger: Ledger, model: str) -> dict[str, list[list[str]]]:
    """By the fingerprint of each person who was forgotten, the columns that it may be made of."""
    found = ledger.items(model, "forgotten#")
    return {str(item["sk"]).removeprefix("forgotten#"): json.loads(item["columns"]) for item in found}


# receipts


def sign(platform: Platform, receipt: Receipt, identity: str) -> None:
    """Signs a receipt by the key of receipts, and keeps it with signature and public key."""
    body, kms = receipt.canonical(), client("kms")
    signature = kms.sign(
        KeyId=platform.receipt_key,
        Message=hashlib.sha256(body).digest(),
        MessageType="DIGEST",
        SigningAlgorithm="ECDSA_SHA_256",
    )["Signature"]
    public = kms.get_public_key(KeyId=platform.receipt_key)["PublicKey"]
    files = {layout.SIGNATURE: signature, layout.PUBLIC_KEY: _pem(public), layout.RECEIPT: body}
    for ending, content in files.items():
        s3.write_bytes(platform.models_bucket, layout.receipt(receipt.model, identity, ending), content)


def signed(platform: Platform, record: Forgetting) -> dict[str, bytes]:
    """The receipt, its signature and the public key, by the endings of their files. Raises MissingObjectError."""
    endings = (layout.RECEIPT, layout.SIGNATURE, layout.PUBLIC_KEY)
    keys = {ending: layout.receipt(record.model, record.id, ending) for ending in endings}
    return {ending: s3.read(platform.models_bucket, key) for ending, key in keys.items()}


def _pem(der: bytes) -> bytes:
    lines = textwrap.wrap(base64.b64encode(der).decode(), 64)
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""]).encode()
