"""Takes persons out of objects, one version after the other; each act is safe to repeat.

The current version of a file is written again and then deleted; older versions are deleted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cloud import forgettings, parts, s3
from functions.forgetting.work import LARGEST, Work
from perennial import layout, manifest
from perennial.forgetting import redaction
from perennial.forgetting.places import Place
from perennial.forgetting.planning import Stored
from perennial.forgetting.rewriting import RewriteError, without_rows
from perennial.validation import Verdict

#: places that the model which serves, and the runs behind it, still need until another one serves
LATER = ("archives of training jobs", "champions beside plans", "results of runs", "registered models")


def erase(work: Work, stored: Stored, place: Place) -> None:
    """Does to an object version what its place asks for."""
    if place.name in LATER or place.evidence == "model" or place.treatment == "redact":
        return
    body = work.read(stored) if stored.size <= LARGEST else None
    if body is None:
        return
    if place.name == "batches":  # its answers have the places of its rows
        s3.delete_versions(work.bucket(stored), layout.batch(stored.key))
        return
    if work.record.kind == "retention" or place.treatment == "delete" or layout.is_named(stored.key, layout.DRIFT):
        _delete(work, stored)
    elif place.treatment == "rewrite":
        if stored.found.rows:
            _rewrite(work, stored, body)
    elif layout.is_named(stored.key, layout.PROFILE):
        return  # made anew from the rows, see functions.forgetting.profiles
    else:
        _put_again(work, stored, _remade(work, stored, body), body)


def _rewrite(work: Work, stored: Stored, body: bytes) -> None:
    try:
        written, _ = without_rows(body, work.tracer)
    except RewriteError:  # no rows can be taken out of it
        _note_part(work, stored, deleted=True)
        _delete(work, stored)
        return
    _put_again(work, stored, written, body)


def _remade(work: Work, stored: Stored, body: bytes) -> bytes:
    """A verdict without values; any other result without those of the persons."""
    if layout.is_named(stored.key, layout.VERDICT):
        told = Verdict.from_dict(json.loads(body)).without_values().as_dict()
        return redaction.redacted_text(json.dumps(told, ensure_ascii=False), work.tracer).encode()
    return redaction.redacted(body, work.tracer)


def _put_again(work: Work, stored: Stored, body: bytes, before: bytes = b"") -> None:
    """Writes the body in place of a current version, unless that has it `before`, and deletes the version."""
    bucket = work.bucket(stored)
    head = _current(work, stored)
    if head is not None and head["VersionId"] == stored.version_id:
        if body == before:
            return
        if layout.read_upload(stored.key) is not None:
            _note_upload(work, stored, body)
        s3.write_bytes(bucket, stored.key, body, **_kept(head))
    _adopt(work, stored)
    _note_part(work, stored)
    _delete(work, stored)


def _note_upload(work: Work, stored: Stored, body: bytes) -> None:
    """The event of an upload that is written again starts no run; a manifest that names the file has its digest."""
    forgettings.note_rewritten(work.ledger, work.model, stored.key, _etag(body))
    folder, _, name = stored.key.rpartition("/")
    key = f"{folder}/{layout.MANIFEST}"
    if stored.key == key or stored.key.count("/") < 3:
        return
    try:
        head = s3.head(work.bucket(stored), key)
        entries = manifest.read(s3.read(work.bucket(stored), key))
    except (s3.MissingObjectError, manifest.ManifestError):
        return
    digest = hashlib.sha256(body).hexdigest()
    changed = tuple(
        manifest.Entry(each.name, digest) if each.name == name and each.sha256 else each for each in entries
    )
    if changed != entries:
        old = Stored(stored.bucket, key, head["VersionId"], head["ContentLength"])
        _put_again(work, old, manifest.write(changed))


def _adopt(work: Work, stored: Stored) -> None:
    """Lets the ledger's dataset of an upload name the version that was written in place of its own."""
    if stored.bucket != "data" or layout.read_upload(stored.key) is None:
        return
    head = _current(work, stored)
    if head is None or not forgettings.is_rewritten(work.ledger, work.model, stored.key, head["ETag"]):
        return
    for dataset in work.ledger.datasets(work.model):
        if (dataset.key, dataset.version_id) == (stored.key, stored.version_id):
            work.ledger.change_dataset(dataset.id, version_id=head["VersionId"], size=head["ContentLength"])


def _note_part(work: Work, stored: Stored, *, deleted: bool = False) -> None:
    """Records the digest of a part's rows that were written again, or that they are deleted: jobs compare it."""
    found = layout.rows_of_part(stored.key) if stored.bucket == "data" else None
    if found is None:
        return
    identity, number = found
    dataset = work.ledger.dataset(identity)
    if not dataset.parts_digest:
        return
    digests = parts.read(work.bucket(stored), dataset)
    if number < len(digests):
        digests[number] = "" if deleted else s3.sha256(work.bucket(stored), stored.key)
    parts.put(work.ledger, work.bucket(stored), dataset, digests)


def _current(work: Work, stored: Stored) -> dict[str, Any] | None:
    """The current version of an object, as S3 tells of it; None where there is none."""
    try:
        return s3.head(work.bucket(stored), stored.key)
    except s3.MissingObjectError:
        return None


def _kept(head: Mapping[str, Any]) -> dict[str, Any]:
    """The content type and the customer's key of an object that is written again."""
    kept = {"ContentType": head["ContentType"]} if "ContentType" in head else {}
    if head.get("SSEKMSKeyId"):
        kept |= {name: head[name] for name in ("ServerSideEncryption", "SSEKMSKeyId")}
    return kept


def _delete(work: Work, stored: Stored) -> None:
    s3.delete_version(work.bucket(stored), stored.key, stored.version_id)


def _etag(body: bytes) -> str:
    """The ETag of an object of one part under the keys of S3: the MD5 of its bytes."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
