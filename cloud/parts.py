"""The list of the parts of a dataset with their digests, beside the rows; its own digest is in the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from cloud import CloudError, s3
from cloud.ledger import Ledger
from perennial import layout, parts
from perennial.records import DatasetVersion


class ChangedPartsError(CloudError):
    """The list of a dataset's parts is not the one that was recorded when the dataset was accepted."""


def put(ledger: Ledger, bucket: str, dataset: DatasetVersion, digests: Sequence[str]) -> None:
    """Writes the list of an accepted dataset under its digest, and then records the digest."""
    digest = parts.digest(digests)
    s3.write_json(bucket, layout.digests(dataset.model, dataset.id, digest), list(digests))
    ledger.change_dataset(dataset.id, parts_digest=digest)


def read(bucket: str, dataset: DatasetVersion) -> list[str]:
    """The SHA-256 of each part, by its number; none for a dataset of a release that recorded none.

    Raises ChangedPartsError.
    """
    if not dataset.parts_digest:
        return []
    try:
        key = layout.digests(dataset.model, dataset.id, dataset.parts_digest)
        found: list[str] = s3.read_json(bucket, key)
        same = parts.digest(found) == dataset.parts_digest
    except (s3.MissingObjectError, ValueError, TypeError):
        same = False
    if not same:
        raise ChangedPartsError(
            f"the list of the parts of {dataset.id} was changed since the dataset was accepted: its rows cannot be "
            "verified",
            f"perennial withdraw {dataset.id} --why 'changed parts', then upload the file again",
        )
    return found


def of_window(bucket: str, window: Sequence[DatasetVersion]) -> dict[str, str]:
    """The SHA-256 of each part with rows of several datasets, by dataset/part. Raises ChangedPartsError."""
    found = {one.id: enumerate(read(bucket, one)) for one in window}
    return {f"{name}/{number:05d}": digest for name, digests in found.items() for number, digest in digests if digest}
