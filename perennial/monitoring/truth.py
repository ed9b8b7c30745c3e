"""Reads a file of labels: which requests it names, what is true of them, and what of it counts.

A label names its request by `inference_id` (with `row`, where a request had several), or by the columns of the spec's
key. Wrong, contradictory and future labels are counted and left out; the file itself is kept.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from perennial.contract import observed as names
from perennial.contract.columns import Column
from perennial.contract.dataset import Contract
from perennial.contract.model import ModelSpec
from perennial.monitoring.schemas import MOMENT, truth_schema
from perennial.validation import Inspection, inspect
from perennial.validation.inspection import open_table
from perennial.validation.source import Source, UnreadableError

INFERENCE_ID, ROW, KNOWN_AT = "inference_id", "row", "known_at"
LONGEST_ID = 64  # characters, by SageMaker
CLOCKS = timedelta(minutes=5)  # by which the clocks of two machines may differ


@dataclass(frozen=True)
class LabelCounts:
    """The rows of a file: those that count, and those that do not, by the reason.

    Attributes:
        rows: the rows of the file.
        labels: the labels that count.
        wrong: rows with a value that its column does not accept, or none.
        future: labels that were known after the upload.
        contradictory: labels of requests of which the file says two things at one time; none of them counts.
        repeated: rows that say again what another row of the file says.
    """

    rows: int = 0
    labels: int = 0
    wrong: int = 0
    future: int = 0
    contradictory: int = 0
    repeated: int = 0

    @property
    def left_out(self) -> int:
        """The rows that do not count and are no repeats."""
        return self.wrong + self.future + self.contradictory


@dataclass(frozen=True)
class Labels:
    """The labels of one upload that count, the counts, and sentences about what does not count."""

    frame: pl.DataFrame
    counts: LabelCounts
    sentences: tuple[str, ...] = ()
    refused: bool = False

    def to_json(self) -> dict[str, Any]:
        """The counts and the sentences, ready for JSON."""
        return asdict(self.counts) | {"refused": self.refused, "sentences": list(self.sentences)}


@dataclass(frozen=True)
class Upload:
    """An upload of labels: its id, its time, the name of its file; `targets` are those of all models, by model."""

    id: str
    at: datetime
    name: str
    targets: Mapping[str, str] = field(default_factory=dict)


def read(path: Path, spec: ModelSpec, upload: Upload) -> Labels:
    """The labels of a file: CSV, CSV.gz, Parquet or JSON lines. Bad data never raises."""
    columns = _columns(spec)
    contract = _contract(spec, columns)
    try:
        table = open_table(Source(path, contract.limits), contract, upload.name)
    except UnreadableError as error:
        return _refused(spec, error.problem.message)
    unsure = {problem.column for problem in table.columns.problems}
    given = {name: column for name, column in columns.items() if name in table.columns.places and name not in unsure}
    fault = _fault(spec, given, table.columns.ignored, upload)
    if fault:
        return _refused(spec, fault)
    with tempfile.TemporaryDirectory(prefix="labels-") as scratch:
        wanted = {name: column for name, column in given.items() if _is_used(name, given, spec)}
        inspection = inspect(path, _contract(spec, wanted), Path(scratch), name=upload.name)
        if any(problem.scope == "file" for problem in inspection.verdict.problems):
            return _refused(spec, inspection.verdict.sentence, *_told(inspection))
        return _counted(inspection, spec, upload)


def _columns(spec: ModelSpec) -> dict[str, Column]:
    """Every column that a file of labels may have. Limits of keys do not count, those of the target do."""
    target = replace(spec.columns[spec.target], nullable=False, on_breach="quarantine", tolerance=None, unique=False)
    named = {INFERENCE_ID: Column("category", trim=True, min_length=1, max_length=LONGEST_ID)}
    named |= {ROW: Column("integer", nullable=True, minimum=0), KNOWN_AT: Column("datetime", nullable=True)}
    keys = {name: _without_limits(spec.columns[name]) for name in spec.key}
    return named | keys | {spec.target: target}


def _without_limits(column: Column) -> Column:
    return Column(
        column.type,
        trim=column.trim,
        replace=column.replace,
        null_values=column.null_values,
        format=column.format,
    )


def _contract(spec: ModelSpec, columns: Mapping[str, Column]) -> Contract:
    tolerant = replace(
        spec.validation, tolerance=1.0, min_rows=1, max_rows=None, max_age_days=None, volume=None, rules=(),
        duplicates="keep", unknown_columns="ignore",
    )  # fmt: skip
    return Contract(columns, spec.target, problem="regression", validation=tolerant)


def _fault(spec: ModelSpec, given: Mapping[str, Column], others: tuple[str, ...], upload: Upload) -> str:
    """The reason why the file as a whole says nothing about this model; '' if it may."""
    if spec.target not in given:
        models = [model for model, target in upload.targets.items() if target in others and model != spec.name]
        hint = f"; it has that of {' or '.join(models[:3])}" if models else ""
        return f"the file has no column '{spec.target}', the target of {spec.name}{hint}"
    if INFERENCE_ID in given or (spec.key and all(name in given for name in spec.key)):
        return ""
    keys = f", or the key ({', '.join(spec.key)})" if spec.key else ""
    return f"the file names no requests; expected a column '{INFERENCE_ID}'{keys}"


def _is_used(name: str, given: Mapping[str, Column], spec: ModelSpec) -> bool:
    if INFERENCE_ID in given and name in spec.key:
        return False
    return name != ROW or INFERENCE_ID in given or ROW in spec.key


def _counted(inspection: Inspection, spec: ModelSpec, upload: Upload) -> Labels:
    verdict = inspection.verdict
    told = _told(inspection)
    wrong = verdict.rows_broken
    if inspection.rows is None:
        return Labels(pl.DataFrame(schema=truth_schema(spec)), LabelCounts(rows=verdict.rows, wrong=wrong), told)
    frame = _named(pl.read_parquet(inspection.rows), spec, upload)
    future = pl.col(names.KNOWN_AT) > upload.at + CLOCKS
    past = frame.filter(~future)
    identity = [names.REQUEST, names.ROW, *spec.key]
    values = pl.col(names.LABEL).n_unique().over([*identity, names.KNOWN_AT])
    contradicted = (values > 1).any().over(identity)
    sound = past.filter(~contradicted)
    once = sound.unique([*identity, names.LABEL, names.KNOWN_AT], keep="first", maintain_order=True)
    counts = LabelCounts(
        rows=verdict.rows,
        labels=once.height,
        wrong=wrong,
        future=frame.height - past.height,
        contradictory=past.height - sound.height,
        repeated=sound.height - once.height,
    )
    return Labels(once, counts, (*told, *_sentences(counts)))


def _named(frame: pl.DataFrame, spec: ModelSpec, upload: Upload) -> pl.DataFrame:
    """The rows of a file in the columns of the table of labels."""
    by_id = INFERENCE_ID in frame.columns
    known = pl.col(KNOWN_AT) if KNOWN_AT in frame.columns and KNOWN_AT not in spec.key else pl.lit(None, MOMENT)
    cells = {
        names.REQUEST: pl.col(INFERENCE_ID) if by_id else pl.lit(None),
        names.ROW: pl.col(ROW) if by_id and ROW in frame.columns else pl.lit(None),
        **{name: pl.lit(None) if by_id else pl.col(name) for name in spec.key},
        names.LABEL: pl.col(spec.target),
        names.KNOWN_AT: known.fill_null(pl.lit(upload.at, MOMENT)),
        names.UPLOADED_AT: pl.lit(upload.at),
        names.TRUTH: pl.lit(upload.id),
    }
    return frame.select(cells[name].cast(dtype).alias(name) for name, dtype in truth_schema(spec).items())


def _told(inspection: Inspection) -> tuple[str, ...]:
    return tuple(problem.message for problem in inspection.verdict.problems if problem.scope != "dataset")


def _sentences(counts: LabelCounts) -> tuple[str, ...]:
    found = []
    if counts.future:
        found.append(f"{counts.future:,} labels are known in the future; none counts.")
    if counts.contradictory:
        found.append(f"{counts.contradictory:,} labels contradict others about the same request; none counts.")
    return tuple(found)


def _refused(spec: ModelSpec, *sentences: str) -> Labels:
    return Labels(pl.DataFrame(schema=truth_schema(spec)), LabelCounts(), sentences, refused=True)
