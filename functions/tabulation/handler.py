"""Scheduled, hourly: what endpoints captured, or their servers logged, becomes the tables of each model's traffic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import polars as pl

from cloud import champions, s3
from cloud.endpoints import VARIANT
from cloud.handovers import TabulatedTraffic
from cloud.ledger import Ledger, MissingRecordError
from cloud.platform import Platform, from_environment
from functions.dispatch.handler import scheduled
from functions.tabulation import labels, logged
from functions.tabulation.hours import Version, Writer, by_day, listed
from functions.task import for_each_model, logger, metrics, utc_now
from functions.withholding import withholding
from perennial import layout
from perennial.contract import observed as names
from perennial.contract.model import ModelSpec
from perennial.monitoring.captures import Records
from perennial.monitoring.reading import RequestReader

RECENT_DAYS = 2  # that every call looks at
NEWEST = 3  # versions, besides champion and predecessor, whose recent days every call looks at
EARLIER = "earlier"  # in the place of a version: captures of releases whose captures did not name it


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@withholding
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Brings the tables of a model up to date, or without `model` those of all."""
    platform, now = from_environment(), utc_now()
    ledger = Ledger(platform.ledger_table)
    specs = scheduled(event)

    def tabulate(model: str) -> int:
        counts = Tabulation(platform, ledger, specs[model], now).run()
        if counts.requests or counts.unreadable:
            logger.info("traffic tabulated", model=model, requests=counts.requests, unreadable=counts.unreadable)
            metrics.add_metric("UnreadableRequests", unit="Count", value=counts.unreadable)
        return int(counts.rows)

    return TabulatedTraffic(for_each_model(specs, tabulate)).to_json()


@dataclass(frozen=True)
class Tabulation:
    """One call's work for one model.

    Every call looks at the recent days of the versions that serve or did recently. Each version has an hour of the day
    in which all its captures are looked at, so that a file that comes late by weeks counts within a day.
    """

    platform: Platform
    ledger: Ledger
    spec: ModelSpec
    now: datetime

    def run(self) -> Any:
        """Writes the parts that are out of date; returns the counts of these."""
        # Parts first: see functions.tabulation.hours about two calls at a time.
        writer = Writer(self.platform, self._parts())
        recent = self._recent_versions()
        for folder in [*self._folders(), EARLIER]:
            whole = int(folder, 16) % 24 == self.now.hour if folder != EARLIER else self.now.hour == 0
            if whole or folder in recent or folder == EARLIER:
                for _, hours in sorted(by_day(self._captures(folder, whole)).items()):
                    writer.write_day(self._version(folder), hours)
        if self.spec.is_logged():
            for version, at, digest, found in logged.hours(self.platform, self.spec, self.now, self._spec_of):
                writer.write_hour(Version(version, self.spec, lambda records: ()), at, digest, found)
        labels.keep(self.platform, self.ledger, self.spec, self.now)
        return writer.counts

    def _parts(self) -> dict[str, str]:
        kinds = (layout.REQUESTS, layout.UNREADABLE)
        found = [listed(self.platform.traffic_bucket, layout.table(kind, self.spec.name)) for kind in kinds]
        return found[0] | found[1]

    def _folders(self) -> list[str]:
        """The digits of the versions that have captures."""
        found = s3.folders(self.platform.traffic_bucket, layout.all_captures(self.spec.name))
        return [name for name in found if len(name) == 12 and set(name) <= set("0123456789abcdef")]

    def _recent_versions(self) -> set[str]:
        champion = self.ledger.champion(self.spec.name)
        known = [version.id for version in self.ledger.versions(self.spec.name)[:NEWEST]]
        known += [each for each in (champion.version, champion.previous) if each] if champion else []
        return {version.rpartition("@")[2] for version in known}

    def _captures(self, folder: str, whole: bool) -> dict[str, str]:
        endpoint = self.platform.environment.endpoint(self.spec.name)
        root = layout.CAPTURE if folder == EARLIER else layout.captures(self.spec.name, folder)
        days: list[date | None] = [(self.now - timedelta(days=day)).date() for day in range(RECENT_DAYS)]
        found: dict[str, str] = {}
        for day in [None] if whole else days:
            found |= listed(self.platform.traffic_bucket, layout.captured(root, endpoint, VARIANT, day))
        return found

    def _version(self, folder: str) -> Version:
        name = f"{self.spec.name}@{folder}"
        if folder == EARLIER:
            return Version(name, _captured(self.spec), self._by_time)
        reader = RequestReader(_captured(self._spec_of(name)), name)
        return Version(name, reader.spec, lambda records: [(reader, records)])

    def _spec_of(self, version: str) -> ModelSpec:
        """The spec that a version was trained by, with the deployed setting of what may be captured.

        The deployed spec where that of the version is not known.
        """
        return replace(_spec_of(self.platform, self.ledger, version) or self.spec, serving=self.spec.serving)

    def _by_time(self, records: Records) -> Iterable[tuple[RequestReader, Records]]:
        """Records of several versions: each is the champion's of its time."""
        history = self._history()
        if not history:
            return
        place = pl.sum_horizontal(pl.col(names.AT) >= since for since, _ in history[1:]) if history[1:] else pl.lit(0)
        frame = records.frame.with_columns(place.cast(pl.Int64).alias("__place"))
        for number, (_, version) in enumerate(history):
            some = frame.filter(pl.col("__place") == number).drop("__place")
            broken = records.broken if number == len(history) - 1 else ()
            if some.height or broken:
                yield RequestReader(_captured(self._spec_of(version)), version), Records(some, broken)

    def _history(self) -> list[tuple[datetime, str]]:
        """The champions, oldest first, each with the time of its promotion."""
        runs = [run for run in self.ledger.runs(self.spec.name) if run.state == "promoted" and run.version]
        found = [(run.ended_at, run.version) for run in runs if run.ended_at and run.version]
        champion = self.ledger.champion(self.spec.name)
        if champion is not None and all(version != champion.version for _, version in found[:1]):
            found.append((champion.since, champion.version))
        return sorted(found)


def _captured(spec: ModelSpec) -> ModelSpec:
    """The spec for what was captured: whole requests."""
    return replace(spec, serving=replace(spec.serving, sensitive="keep"))


@lru_cache(64)
def _spec_of(platform: Platform, ledger: Ledger, version: str) -> ModelSpec | None:
    try:
        return champions.spec_of(platform, ledger.version(version))
    except MissingRecordError:
        return None
