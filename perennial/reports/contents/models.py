"""The metrics section: both models on the same held-out rows, on newest and older rows, by class, with curves."""

from __future__ import annotations

from typing import Any

from perennial.contract.leak import Leak
from perennial.contract.metrics import UnknownMetricError, metrics_of
from perennial.reports.contents.curves import curves
from perennial.reports.contents.decision import greater, metric_of
from perennial.reports.json_values import entries, mapping, member, metric_value, metric_values, number, text, whole
from perennial.reports.redaction import WITHHELD, Redaction
from perennial.reports.report_data import ReportData

MAX_CLASSES = 40


def models(data: ReportData, redaction: Redaction) -> dict[str, Any] | str:
    """Every metric of both models with intervals, and the data of the curves."""
    evaluation = data.evaluation
    candidate, champion = member(evaluation, "candidate"), member(evaluation, "champion")
    if not metric_values(member(candidate, "metrics")):
        return why_not(data)
    rows = mapping(member(evaluation, "rows"))
    target = member(data.spec, "target")
    return {
        "problem": text(member(evaluation, "problem")),
        "metric": metric_of(data),
        "confidence": number(member(evaluation, "confidence")),
        "resamples": whole(member(evaluation, "resamples")),
        "rows": {text(name): count for name, value in rows.items() if (count := whole(value)) is not None},
        "champion": text(member(champion, "version")) or None,
        "champion_reason": text(member(champion, "reason"), 600) or None,
        "metrics": _compared(evaluation, candidate, champion, member(evaluation, "difference")),
        "parts": _parts(data),
        "classes": _classes(member(candidate, "classes"), redaction.hides(target)),
        "threshold": _threshold(evaluation),
        "leakage": _leakage(evaluation),
        "update": text(member(member(evaluation, "update"), "sentence"), 1200) or None,
        "curves": {
            name: curves(member(member(evaluation, "curves"), name), redaction.hides(target))
            for name in ("candidate", "champion")
        },
    }


def why_not(data: ReportData) -> str:
    """The reason why no model was measured."""
    return {
        "quarantined": "No model was trained on a dataset that was refused.",
        "unchanged": "No model was trained: the data has not drifted enough.",
        "superseded": "No model was trained: a newer upload replaced this one.",
        "retired": "A retirement trains no model.",
        "running": "No model has been measured yet.",
    }.get(data.run.state, "No model was measured: the run ended before that step.")


def _compared(evaluation: object, candidate: object, champion: object, difference: object) -> list[dict[str, Any]]:
    """Rows of a table, the catalogue's metrics in its order first."""
    candidate_metrics, champion_metrics = (
        metric_values(member(candidate, "metrics")),
        metric_values(member(champion, "metrics")),
    )
    try:
        order = [metric.name for metric in metrics_of(str(member(evaluation, "problem")))]
    except UnknownMetricError:
        order = []
    names = sorted(candidate_metrics, key=lambda name: (order.index(name) if name in order else len(order), name))
    return [
        {
            "metric": name,
            "greater_is_better": greater(name),
            "candidate": candidate_metrics[name],
            "champion": champion_metrics.get(name),
            "difference": metric_values(difference).get(name),
        }
        for name in names[:MAX_CLASSES]
    ]


def _parts(data: ReportData) -> list[dict[str, Any]]:
    """The deciding metric on the held-out rows of the newest dataset and of older ones."""
    name, found = metric_of(data), []
    for side in ("newest", "older"):
        part_of = member(member(data.evaluation, "parts"), side)
        if mapping(part_of):
            found.append(
                {
                    "part": side,
                    "rows": whole(member(part_of, "rows")),
                    **{
                        model: metric_value(member(member(part_of, model), name))
                        for model in ("candidate", "champion", "difference")
                    },
                }
            )
    return found


def _classes(classes: object, hidden: bool) -> list[dict[str, Any]]:
    names = ("precision", "recall", "f1")
    return [
        {
            "class": f"class {place}" if hidden else text(label),
            "rows": whole(member(found, "rows")),
            **{name: metric_value(member(found, name)) for name in names},
        }
        for place, (label, found) in enumerate(list(mapping(classes).items())[:MAX_CLASSES], 1)
    ]


def _threshold(evaluation: object) -> dict[str, Any] | None:
    found = member(evaluation, "threshold")
    value = number(member(found, "value"))
    if value is None:
        value = number(member(member(evaluation, "candidate"), "threshold"))
    if value is None:
        return None
    return {
        "value": value,
        "aim": text(member(found, "aim")),
        "reached": number(member(found, "reached")),
        "sentence": text(member(found, "sentence"), 600),
        "champion": number(member(member(evaluation, "champion"), "threshold")),
    }


def _leakage(evaluation: object) -> list[dict[str, Any]]:
    """The columns that alone nearly give the target, each with the question that a person has to answer."""
    found = []
    for each in entries(member(evaluation, "leakage"))[:MAX_CLASSES]:
        name, score = text(member(each, "column")), number(member(each, "score"))
        if score is not None:
            others = tuple(text(other) for other in entries(member(each, "others")))
            leak = Leak(name, text(member(each, "metric")), score, others)
            found.append({**leak.to_json(), "sentence": leak.sentence})
    return found


def labels(found: object, hidden: bool) -> list[str]:
    """The names of classes."""
    given = entries(found)
    return [WITHHELD if hidden else text(name) for name in given[:MAX_CLASSES]]
