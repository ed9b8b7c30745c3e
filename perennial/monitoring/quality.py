"""The quality of a version in one window of its traffic, measured by the gate's own code, beside estimates of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from perennial.contract.part import Part, required, setting
from perennial.estimation.estimate import Estimation
from perennial.gate.measuring import fairness, value
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.evaluation import affordable, evaluate
from perennial.gate.measuring.levels import rows_where
from perennial.gate.measuring.outcomes import Outcomes
from perennial.monitoring.answers import Served

_SEED = 7


@dataclass(frozen=True)
class Quality(Part):
    """Metrics of one window, in the shapes of evaluation.json; intervals have the gate's confidence.

    `estimated`: the metrics to expect of all rows of the window, from their inputs alone. `expected`: the same of the
    labelled rows alone, to be held against `metrics`.
    """

    rows: int = required("The rows that were answered.")
    labelled: int = required("Those whose label is known.")
    metrics: Mapping[str, Any] = setting(dict, "Each metric of the labelled rows.")
    estimated: Mapping[str, Any] = setting(dict, "Each metric, estimated, of all rows.")
    expected: Mapping[str, Any] = setting(dict, "Each metric, estimated, of the labelled rows.")
    fairness: tuple[Any, ...] = setting((), "An entry for each rule of the gate and each sensitive column.")
    value: Mapping[str, Any] | None = setting(None, "The value in money.")
    slices: tuple[Any, ...] = setting((), "The metric of each declared slice.")
    relations: Mapping[str, Any] = setting(dict, "How the relation of each feature to the target changed.")


def measure(frame: pl.DataFrame, served: Served, estimation: Estimation, min_labels: int = 1) -> Quality:
    """The metrics of a frame of observations of one version. With fewer than `min_labels` labels there are estimates
    alone.
    """
    rows = served.readable(frame)
    known = served.labelled(frame)
    found = Quality(len(rows), len(known), estimated=_estimated(rows, served, estimation))
    if len(known) < max(1, min_labels) or not served.measurable:
        return found
    outcomes, gate = served.outcomes(known), served.gate
    resamples = Resamples(len(known), affordable(outcomes, gate.resamples), _SEED)
    return replace(
        found,
        metrics=evaluate(outcomes, None, gate.confidence, resamples).candidate.metrics,
        expected=found.estimated if len(known) == len(rows) else _estimated(known, served, estimation),
        fairness=tuple(fairness.measure(_present(gate.fairness, known), known, outcomes, resamples, gate.confidence)),
        value=value.measure(gate.value, known, outcomes, None, resamples, gate.confidence),
        slices=tuple(_slices(known, outcomes, served)),
        relations=estimation.relations.changes(outcomes, known) if estimation.relations is not None else {},
    )


def _present(rules: Any, rows: pl.DataFrame) -> list[Any]:
    """The rules whose columns are in the traffic: sensitive columns may be left out of it."""
    return [rule for rule in rules if set(rule.columns) <= set(rows.columns)]


def _estimated(rows: pl.DataFrame, served: Served, estimation: Estimation) -> Mapping[str, Any]:
    if not estimation.estimates or not len(rows):
        return {}
    scores = served.scores(rows)
    if served.problem == "regression":
        return estimation.of_rows(rows, scores, served.gate.confidence)
    return estimation.of_scores(scores, served.gate.confidence, _SEED, served.threshold)


def _slices(rows: pl.DataFrame, outcomes: Outcomes, served: Served) -> list[dict[str, Any]]:
    """The gate's metric of each declared slice with enough rows."""
    gate = served.gate
    metric, found = gate.slices.metric or gate.metric, []
    for wanted in gate.slices.named:
        if not set(wanted.where) <= set(rows.columns):
            continue
        where, mask = rows_where(wanted.where, rows)
        part = rows.filter(pl.Series(mask))
        entry: dict[str, Any] = {"name": wanted.name, "where": where, "rows": len(part), "floor": wanted.floor}
        entry["metric"] = None
        if len(part) >= gate.slices.min_rows:
            chosen = served.outcomes(part)
            resamples = Resamples(len(part), affordable(chosen, gate.resamples), _SEED)
            entry["metric"] = evaluate(chosen, None, gate.confidence, resamples).candidate.metrics[metric]
        found.append(entry)
    return found
