"""Reports: the page of a run, the card of a model version, or the index of a model."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from cloud import report_data, s3
from cloud.ledger import Ledger
from cloud.platform import Platform
from perennial import layout
from perennial.identity import upload_run_id


@dataclass(frozen=True)
class Report:
    """A page, its JSON document, and their key in the models bucket. `stored` is False if it was made from records."""

    key: str
    html: str
    to_json: str
    stored: bool = True

    def _repr_html_(self) -> str:
        """The page in a frame of its own, as a notebook shows it."""
        return f'<iframe srcdoc="{html.escape(self.html)}" width="100%" height="700" sandbox=""></iframe>'


def of(platform: Platform, ledger: Ledger, identity: str, models: list[str]) -> Report:
    """The page of a run, dataset, model version, or model (one of `models`)."""
    from perennial.reports import index_contents, run_contents

    if identity in models:  # rendered again, because it includes running runs
        return _drawn(layout.index(identity), index_contents(report_data.history(platform, ledger, identity)))
    if "@" in identity:
        return _card(platform, ledger, identity)
    run = ledger.run(upload_run_id(identity) if identity.startswith("ds-") else identity)
    written = _written(platform, layout.report(run.model, run.id)) if run.state != "running" else None
    return written or _drawn(layout.report(run.model, run.id), run_contents(report_data.of_run(platform, ledger, run)))


def _card(platform: Platform, ledger: Ledger, identity: str) -> Report:
    from perennial.reports import card_contents

    version = ledger.version(identity)
    key = layout.card(version.model, version.id)
    written = _written(platform, key)
    if written:
        return written
    return _drawn(key, card_contents(report_data.of_run(platform, ledger, ledger.run(version.run)), version))


def _drawn(key: str, contents: dict[str, Any]) -> Report:
    from perennial import reports

    return Report(key, reports.page(contents), reports.to_json(contents), stored=False)


def _written(platform: Platform, key: str) -> Report | None:
    """The stored page, or None."""
    bucket, to_json = platform.models_bucket, layout.json_document(key)
    try:
        return Report(key, s3.read(bucket, key).decode(), s3.read(bucket, to_json).decode())
    except s3.MissingObjectError:
        return None
