"""Short descriptions of ids with their time, from the ledger and the stored specs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cloud import CloudError, s3
from cloud.ledger import Ledger, MissingRecordError
from cloud.platform import Platform
from perennial import layout
from perennial.contract.metrics import names
from perennial.contract.values import rounded
from perennial.records import DatasetVersion

SHOWN_METRICS = 3


@dataclass(frozen=True)
class Description:
    """A short description of an id, and its time as ISO 8601 ('' if unknown)."""

    about: str = ""
    moment: str = ""


class Descriptions:
    """The labels of ids. Each id is looked up once."""

    def __init__(self, platform: Platform, ledger: Ledger) -> None:
        self._platform = platform
        self._ledger = ledger
        self._known: dict[str, Description] = {}

    def __call__(self, identity: str) -> Description:
        """The label of a dataset, run, model version or card; an empty one for anything else."""
        if identity not in self._known:
            try:
                self._known[identity] = self._look_up(identity)
            except MissingRecordError:
                self._known[identity] = Description("no longer in the ledger")
        return self._known[identity]

    def _look_up(self, identity: str) -> Description:
        if identity.startswith("ds-"):
            dataset = self._ledger.dataset(identity)
            self._remember_card(dataset)
            rows = f", {dataset.rows:,} rows" if dataset.rows is not None else ""
            return Description(f"{dataset.name}{rows}, {dataset.state}", dataset.uploaded_at.isoformat())
        if identity.startswith("run-"):
            run = self._ledger.run(identity)
            return Description(run.state, run.started_at.isoformat())
        return self._of_version(identity) if "@" in identity else Description()

    def _of_version(self, identity: str) -> Description:
        version = self._ledger.version(identity)
        champion = self._ledger.champion(version.model)
        metrics = [f"{name} {rounded(version.metrics[name]['value'])}" for name in names() if name in version.metrics]
        serving = "serves; " if champion and champion.version == identity else ""
        return Description(serving + ", ".join(metrics[:SHOWN_METRICS]), version.created_at.isoformat())

    def _remember_card(self, dataset: DatasetVersion) -> None:
        """Caches the description of a dataset's card."""
        name = f"card:{dataset.card_digest}"
        found = None if name in self._known else self._card(dataset)
        if found is None:
            return
        shown = {"licence": "licence", "terms": "terms", "personal data": "personal_data", "origin": "origin"}
        known = ((word, found.get(field)) for word, field in shown.items())
        self._known[name] = Description("; ".join(f"{word}: {value.rstrip('.')}" for word, value in known if value))

    def _card(self, dataset: DatasetVersion) -> dict[str, Any] | None:
        """The card stored with the data; for older datasets the one in the spec."""
        places = (
            (self._platform.data_bucket, layout.dataset(dataset.model, dataset.id, layout.CARD), None),
            (self._platform.models_bucket, layout.spec(dataset.model, dataset.spec_digest), "card"),
        )
        for bucket, key, member in places:
            try:
                found = s3.read_json(bucket, key)
                return dict(found[member] if member else found)
            except (CloudError, ValueError):
                continue
        return None
