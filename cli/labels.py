"""What is said beside an id, and when the thing came into being; from the ledger and the specs that runs kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cloud import objects
from cloud.ledger import Ledger, MissingRecordError
from cloud.platform import Platform
from perennial import layout
from perennial.gate.catalogue import names

SHOWN_FIGURES = 3


@dataclass(frozen=True)
class Label:
    """A few words about an id, and its moment as ISO 8601 ('' where there is none)."""

    about: str = ""
    moment: str = ""


class Labels:
    """The labels of ids. Each id is looked up once."""

    def __init__(self, platform: Platform, ledger: Ledger) -> None:
        self._platform = platform
        self._ledger = ledger
        self._known: dict[str, Label] = {}

    def __call__(self, identity: str) -> Label:
        """The label of a dataset, run, model version or card; an empty one for anything else."""
        if identity not in self._known:
            try:
                self._known[identity] = self._look_up(identity)
            except MissingRecordError:
                self._known[identity] = Label("no longer in the ledger")
        return self._known[identity]

    def _look_up(self, identity: str) -> Label:
        if identity.startswith("ds-"):
            dataset = self._ledger.dataset(identity)
            self._remember_card(dataset.model, dataset.card_digest, dataset.spec_digest)
            rows = f", {dataset.rows:,} rows" if dataset.rows is not None else ""
            return Label(f"{dataset.name}{rows}, {dataset.state}", dataset.uploaded_at.isoformat())
        if identity.startswith("run-"):
            run = self._ledger.run(identity)
            return Label(run.state, run.started_at.isoformat())
        return self._of_version(identity) if "@" in identity else Label()

    def _of_version(self, identity: str) -> Label:
        version = self._ledger.version(identity)
        champion = self._ledger.champion(version.model)
        figures = [f"{name} {version.figures[name]['value']:.4g}" for name in names() if name in version.figures]
        crown = "serves; " if champion and champion.version == identity else ""
        return Label(crown + ", ".join(figures[:SHOWN_FIGURES]), version.created_at.isoformat())

    def _remember_card(self, model: str, card: str, spec: str) -> None:
        """A card is found by way of a dataset that it describes."""
        if f"card:{card}" in self._known:
            return
        try:
            found: dict[str, Any] = objects.read_json(self._platform.models_bucket, layout.spec(model, spec))["card"]
        except (LookupError, ValueError):
            return
        shown = {"licence": "licence", "terms": "terms", "personal data": "personal_data", "origin": "origin"}
        self._known[f"card:{card}"] = Label(
            "; ".join(f"{word}: {found[field].rstrip('.')}" for word, field in shown.items())
        )
