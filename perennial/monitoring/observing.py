"""Observations: the answered rows of a window, each joined with the newest label that is known of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from perennial.contract import observed as names
from perennial.contract.model import ModelSpec
from perennial.monitoring.coverage import warnings_of
from perennial.monitoring.schemas import request_schema, truth_schema

LATE = timedelta(days=1)  # between the time a label became known and its upload
QUANTILES = (0.5, 0.9, 0.99)
_ORDER = [names.KNOWN_AT, names.UPLOADED_AT, names.TRUTH]
_ORDINAL = "__row"


@dataclass(frozen=True)
class TruthCounts:
    """Rows and labels of a window.

    Attributes:
        rows: the answered rows.
        requests: the requests that they came in.
        labelled: the rows with a label.
        labels: the labels that were read, of all requests.
        matched: the labels that belong to a row of the window, those that were replaced included.
        unknown: the labels that belong to no row of the window; they are kept.
        repeated: the labels that say again what an earlier one said.
        corrected: the labels that say something else than an earlier one; they replace it.
        late: the labels of the window that were uploaded more than a day after they became known.
        early: the labels of the window that were known before the request.
        delay_hours: quantiles of the time from the answer to the label's being known, in hours.
    """

    rows: int = 0
    requests: int = 0
    labelled: int = 0
    labels: int = 0
    matched: int = 0
    unknown: int = 0
    repeated: int = 0
    corrected: int = 0
    late: int = 0
    early: int = 0
    delay_hours: dict[str, float] = field(default_factory=dict)

    @property
    def coverage(self) -> float:
        """The share of the rows that have a label; 0 without rows."""
        return self.labelled / self.rows if self.rows else 0.0

    def to_json(self) -> dict[str, Any]:
        """The counts and the coverage, ready for JSON."""
        return asdict(self) | {"coverage": round(self.coverage, 6)}


@dataclass(frozen=True)
class Observations:
    """The joined rows, their counts, and warnings as sentences."""

    frame: pl.DataFrame
    counts: TruthCounts
    warnings: tuple[str, ...] = ()


def observations(
    requests: pl.DataFrame,
    truths: pl.DataFrame,
    spec: ModelSpec,
    since: datetime | None = None,
    until: datetime | None = None,
    known_by: datetime | None = None,
) -> Observations:
    """The rows that were answered in `since <= _at < until`, each once, with the newest label.

    Args:
        requests: rows of inference tables; columns of other versions than the spec's may be among them.
        truths: all labels that were uploaded, see `truth_schema`.
        spec: the model's.
        since: the beginning of the window (UTC); None: no limit.
        until: its end, which is not included.
        known_by: only labels that were known and uploaded by then count.
    """
    rows = _window(requests, spec, since, until)
    labels = _usable(truths, spec, known_by)
    pairs = _pairs(rows, labels, spec)
    newest, replaced = _newest(pairs)
    joined = rows.join(newest, on=_ORDINAL, how="left", maintain_order="left").drop(_ORDINAL)
    joined = joined.with_columns(pl.col(names.CORRECTIONS).fill_null(0))
    matched = pairs["__label"].n_unique()
    counts = TruthCounts(
        rows=joined.height,
        requests=joined[names.EVENT].n_unique(),
        labelled=joined.height - joined[names.LABEL].null_count(),
        labels=labels.height,
        matched=matched,
        unknown=labels.height - matched,
        late=joined.filter(pl.col(names.UPLOADED_AT) - pl.col(names.KNOWN_AT) > LATE).height,
        early=joined.filter(pl.col(names.KNOWN_AT) < pl.col(names.AT)).height,
        delay_hours=_delays(joined),
        **replaced,
    )
    return Observations(joined, counts, warnings_of(joined, spec))


def _window(requests: pl.DataFrame, spec: ModelSpec, since: datetime | None, until: datetime | None) -> pl.DataFrame:
    frame = pl.concat([pl.DataFrame(schema=request_schema(spec)), requests], how="diagonal_relaxed")
    if since is not None:
        frame = frame.filter(pl.col(names.AT) >= since)
    if until is not None:
        frame = frame.filter(pl.col(names.AT) < until)
    frame = frame.unique([names.EVENT, names.ROW], keep="first", maintain_order=True)
    return frame.sort(names.AT, names.EVENT, names.ROW).with_row_index(_ORDINAL)


def _usable(truths: pl.DataFrame, spec: ModelSpec, known_by: datetime | None) -> pl.DataFrame:
    frame = pl.concat([pl.DataFrame(schema=truth_schema(spec)), truths], how="diagonal_relaxed")
    frame = frame.filter(pl.col(names.LABEL).is_not_null()).select(*truth_schema(spec))
    if known_by is not None:
        frame = frame.filter(pl.col(names.KNOWN_AT) <= known_by, pl.col(names.UPLOADED_AT) <= known_by)
    return frame.with_row_index("__label")


def _pairs(rows: pl.DataFrame, labels: pl.DataFrame, spec: ModelSpec) -> pl.DataFrame:
    """Each row of the window with each label that names it: by inference id and row, or by the spec's key."""
    claims = ["__label", names.LABEL, *_ORDER]
    size = pl.col(names.ROW).max().over(names.EVENT) + 1
    asked = rows.select(_ORDINAL, names.REQUEST, names.ROW, size.alias("__size")).filter(
        pl.col(names.REQUEST).is_not_null()
    )
    by_id = labels.filter(pl.col(names.REQUEST).is_not_null())
    found = asked.join(by_id.select(*claims, names.REQUEST, pl.col(names.ROW).alias("__named")), on=names.REQUEST)
    named = (pl.col("__named") == pl.col(names.ROW)) | (pl.col("__named").is_null() & (pl.col("__size") == 1))
    pairs = [found.filter(named).select(_ORDINAL, *claims)]
    if spec.key and all(name in rows.columns for name in spec.key):
        by_key = labels.filter(pl.col(names.REQUEST).is_null()).select(*claims, *spec.key)
        pairs.append(rows.select(_ORDINAL, *spec.key).join(by_key, on=list(spec.key)).select(_ORDINAL, *claims))
    return pl.concat(pairs)


def _newest(pairs: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """The newest label of each row, with the number of those that it replaced; repeated and corrected labels.

    A label that is repeated was known when it was said first.
    """
    ordered = pairs.sort(_ORDINAL, *_ORDER, "__label")
    before = pl.col(names.LABEL).shift(1).over(_ORDINAL)
    first = pl.col(_ORDINAL) != pl.col(_ORDINAL).shift(1)
    ordered = ordered.with_columns(first.fill_null(value=True).alias("__first"))
    changed = (~pl.col("__first") & (before != pl.col(names.LABEL))).alias("__changed")
    ordered = ordered.with_columns(changed).with_columns(pl.col("__changed").cum_sum().over(_ORDINAL).alias("__value"))
    counted = {
        "repeated": ordered.filter(~pl.col("__first") & ~pl.col("__changed"))["__label"].n_unique(),
        "corrected": ordered.filter("__changed")["__label"].n_unique(),
    }
    said_first = pl.col(*_ORDER).filter(pl.col("__value") == pl.col("__value").max()).first()
    newest = ordered.group_by(_ORDINAL, maintain_order=True).agg(
        pl.col(names.LABEL).last(), said_first, pl.col("__value").max().cast(pl.Int64).alias(names.CORRECTIONS)
    )
    return newest, counted


def _delays(joined: pl.DataFrame) -> dict[str, float]:
    delay = (pl.col(names.KNOWN_AT) - pl.col(names.AT)).dt.total_seconds() / 3600
    hours = joined.select(delay.alias("hours")).to_series().drop_nulls()
    hours = hours.filter(hours >= 0)
    if hours.is_empty():
        return {}
    return {str(q): round(float(hours.quantile(q, "linear") or 0.0), 3) for q in QUANTILES}
