"""The champion of a model and the spec that it was trained with, which predictions follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cloud import champions
from cloud.ledger import Ledger
from cloud.platform import Platform
from perennial.client.errors import ClientError
from perennial.contract.model import ModelSpec
from perennial.records import ModelVersion


@dataclass(frozen=True)
class Serving:
    """The champion of a model; `spec` is the one that it was trained with. models/MODEL.yaml may have changed since."""

    platform: Platform
    version: ModelVersion
    spec: ModelSpec


def serving(platform: Platform, ledger: Ledger, model: str, local: Callable[[], ModelSpec]) -> Serving:
    """The champion of a model. `local` gives the spec of the team's folder, or raises where there is none.

    Raises ClientError if no version serves.
    """
    champion = ledger.champion(model)
    if champion is None:
        retired = ledger.is_retired(model)
        if retired is not None:
            following = f"next: perennial retire {model} --undo, then perennial rollback {model}"
            raise ClientError(f"{retired.sentence.rstrip('.')}; {following}")
        local()  # an unknown name is reported first
        raise ClientError(f"no version of '{model}' serves yet; next: perennial upload FILE --model {model} --wait")
    version = ledger.version(champion.version)
    return Serving(platform, version, champions.spec_of(platform, version) or local())
