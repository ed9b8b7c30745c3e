"""The champion of a model and the spec that it was trained with, which `predict` and `batch` follow."""

from __future__ import annotations

from dataclasses import dataclass

from cli import connection, project
from cli.output import CommandError
from cloud import champions
from cloud.platform import Platform
from perennial.contract.model import ModelSpec
from perennial.records import ModelVersion


@dataclass(frozen=True)
class Serving:
    """The champion of a model; `spec` is the one that it was trained with. models/MODEL.yaml may have changed since."""

    platform: Platform
    version: ModelVersion
    spec: ModelSpec


def serving(model: str) -> Serving:
    """The champion of a model. Raises CommandError if no version serves."""
    platform, ledger = connection.connect()
    champion = ledger.champion(model)
    if champion is None:
        retired = ledger.is_retired(model)
        if retired is not None:
            following = f"next: perennial retire {model} --undo, then perennial rollback {model}"
            raise CommandError(f"{retired.sentence.rstrip('.')}; {following}")
        project.spec(model)  # an unknown name is reported first
        raise CommandError(f"no version of '{model}' serves yet; next: perennial upload FILE --model {model} --wait")
    version = ledger.version(champion.version)
    return Serving(platform, version, champions.spec_of(platform, version) or project.spec(model))
