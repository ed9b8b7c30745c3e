"""Two model versions or runs side by side: what differs in their specs, their data, and their metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from cloud import s3
from cloud.evaluations import metric_rows
from cloud.ledger import Ledger
from cloud.platform import Platform
from perennial import layout
from perennial.client.errors import usage
from perennial.contract.metrics import names
from perennial.contract.values import shown
from perennial.gate.check import MetricValue
from perennial.gate.metric_rows import with_interval
from perennial.identity import upload_run_id
from perennial.records import Run

_ABSENT = object()


@dataclass(frozen=True)
class Side:
    """One of the two: the id as it was given, its run, spec, datasets with their rows, and metrics."""

    name: str
    run: str
    state: str
    version: str | None
    spec: Mapping[str, Any]
    datasets: dict[str, int | None]
    metrics: dict[str, MetricValue]


@dataclass(frozen=True)
class Comparison:
    """Both sides. The metrics are each one's own, on its own held-out rows; `same_rows` says if those are the same."""

    a: Side
    b: Side

    @property
    def same_rows(self) -> bool:
        """True if both were judged on rows of the same datasets."""
        return set(self.a.datasets) == set(self.b.datasets)

    @property
    def spec(self) -> tuple[tuple[str, str, str], ...]:
        """The fields of the specs that differ: (path, a, b); `-` where one has none."""
        one, two = dict(_flat(self.a.spec)), dict(_flat(self.b.spec))
        paths = [path for path in dict.fromkeys([*one, *two]) if one.get(path, _ABSENT) != two.get(path, _ABSENT)]
        return tuple((path, _text(one.get(path, _ABSENT)), _text(two.get(path, _ABSENT))) for path in paths)

    @property
    def data(self) -> tuple[tuple[str, str, str], ...]:
        """Each dataset of one or both: (id, rows in a, rows in b); `-` where it was not trained on."""
        found = dict.fromkeys([*self.a.datasets, *self.b.datasets])
        return tuple((name, _rows(self.a, name), _rows(self.b, name)) for name in found)

    @property
    def metrics(self) -> tuple[tuple[str, str, str], ...]:
        """Each metric of one or both with its interval: (name, a, b)."""
        sides = (self.a.metrics, self.b.metrics)
        found = [name for name in names() if any(name in side for side in sides)]
        return tuple((name, *(with_interval(side.get(name, MetricValue())) for side in sides)) for name in found)  # type: ignore[misc]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        sides = {
            name: {"id": side.name, "run": side.run, "state": side.state, "version": side.version}
            for name, side in (("a", self.a), ("b", self.b))
        }
        tables = {"spec": self.spec, "data": self.data, "metrics": self.metrics}
        told = {
            name: [dict(zip(("name", "a", "b"), row, strict=True)) for row in table] for name, table in tables.items()
        }
        return sides | told | {"same_rows": self.same_rows}

    def _repr_html_(self) -> str:
        """The tables that a notebook shows."""
        parts = []
        for title, rows in (("metrics", self.metrics), ("data", self.data), ("spec", self.spec)):
            head = "".join(f"<th>{escape(cell)}</th>" for cell in (title, self.a.name, self.b.name))
            body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if rows else "")
        return "".join(parts)


def compare(platform: Platform, ledger: Ledger, a: str, b: str) -> Comparison:
    """Both sides by run, dataset or model version. Raises ClientError for those of two models."""
    one, two = _side(platform, ledger, a), _side(platform, ledger, b)
    models = {ledger.run(side.run).model for side in (one, two)}
    if len(models) > 1:
        raise usage(f"only runs and versions of one model can be compared, these are of {' and '.join(sorted(models))}")
    return Comparison(one, two)


def _side(platform: Platform, ledger: Ledger, identity: str) -> Side:
    run = _run(ledger, identity)
    version = ledger.version(run.version) if run.version else None
    metrics = {row.name: row.candidate for row in metric_rows(platform, run)}
    spec_key = layout.spec(run.model, run.spec_digest)
    try:
        spec = s3.read_json(platform.models_bucket, spec_key) if run.spec_digest else {}
    except s3.MissingObjectError:
        spec = {}
    used = run.trained_on or (version.datasets if version else ()) or ((run.dataset,) if run.dataset else ())
    datasets = {name: ledger.dataset(name).rows for name in used}
    return Side(identity, run.id, run.state, run.version, spec, datasets, metrics)


def _run(ledger: Ledger, identity: str) -> Run:
    if "@" in identity:
        return ledger.run(ledger.version(identity).run)
    return ledger.run(upload_run_id(identity) if identity.startswith("ds-") else identity)


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of a nested document, by their paths; a list counts as one value."""
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    elif path:
        yield path, value


def _text(value: Any) -> str:
    if value is _ABSENT or value is None:
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, list) else shown(value).strip("'")


def _rows(side: Side, dataset: str) -> str:
    if dataset not in side.datasets:
        return "-"
    rows = side.datasets[dataset]
    return f"{rows:,}" if rows is not None else "?"
