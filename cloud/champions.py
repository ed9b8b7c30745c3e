"""The spec that a champion was trained with, and the versions that it grew from."""

from __future__ import annotations

from cloud import s3
from cloud.ledger import Ledger
from cloud.platform import Platform
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.contract.part import ContractError
from perennial.former_keys import spec_with_current_keys
from perennial.records import ModelVersion


def spec_of(platform: Platform, version: ModelVersion) -> ModelSpec | None:
    """The spec that a version was trained with; None if it is no longer stored, or has an old format."""
    try:
        stored = s3.read_json(platform.models_bucket, layout.spec(version.model, version.spec_digest))
        return ModelSpec.from_json(spec_with_current_keys(stored))
    except (ContractError, s3.MissingObjectError):
        return None


def chain(ledger: Ledger, version: ModelVersion) -> tuple[ModelVersion, ...]:
    """The versions from which an amended model grew, oldest first, and the model itself."""
    found = [version]
    while found[0].grown_from and found[0].grown_from not in {each.id for each in found}:
        found.insert(0, ledger.version(found[0].grown_from))
    return tuple(found)
