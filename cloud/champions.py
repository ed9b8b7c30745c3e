"""What is stored of a model version that serves: the spec that it was trained by."""

from __future__ import annotations

from cloud import objects
from cloud.platform import Platform
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.contract.part import ContractError
from perennial.records import ModelVersion


def spec_of(platform: Platform, version: ModelVersion) -> ModelSpec | None:
    """The spec that a version was trained by; None where it is not kept any more, or no code of today reads it."""
    try:
        stored = objects.read_json(platform.models_bucket, layout.spec(version.model, version.spec_digest))
        return ModelSpec.from_json(stored)
    except (ContractError, objects.MissingObjectError):
        return None
