"""Candidate and champion on the same held-out rows: figures, old and new rows, classes, threshold, curves."""

from __future__ import annotations

from typing import Any

from perennial.contract.metrics import UnknownMetricError, metrics_of
from perennial.reports.contents.curves import curves
from perennial.reports.contents.decision import greater, metric_of
from perennial.reports.dossier import Dossier
from perennial.reports.reading import entries, figure, figures, mapping, number, part, text, whole
from perennial.reports.veil import WITHHELD, Veil

MOST_CLASSES = 40


def models(dossier: Dossier, veil: Veil) -> dict[str, Any] | str:
    """Every figure of both models with intervals, and what the curves are drawn from."""
    evaluation = dossier.evaluation
    candidate, champion = part(evaluation, "candidate"), part(evaluation, "champion")
    if not figures(part(candidate, "figures")):
        return why_not(dossier)
    rows = mapping(part(evaluation, "rows"))
    target = part(dossier.spec, "target")
    return {
        "problem": text(part(evaluation, "problem")),
        "metric": metric_of(dossier),
        "confidence": number(part(evaluation, "confidence")),
        "resamples": whole(part(evaluation, "resamples")),
        "rows": {text(name): count for name, value in rows.items() if (count := whole(value)) is not None},
        "champion": text(part(champion, "version")) or None,
        "champion_reason": text(part(champion, "reason"), 600) or None,
        "figures": _compared(evaluation, candidate, champion, part(evaluation, "difference")),
        "parts": _parts(dossier),
        "classes": _classes(part(candidate, "classes"), veil.hides(target)),
        "threshold": _threshold(evaluation),
        "curves": {
            name: curves(part(part(evaluation, "curves"), name), veil.hides(target))
            for name in ("candidate", "champion")
        },
    }


def why_not(dossier: Dossier) -> str:
    """Why no model was measured."""
    return {
        "quarantined": "No model was trained on a dataset that was refused.",
        "unchanged": "No model was trained: the data had not moved enough to be worth it.",
        "superseded": "No model was trained: a newer upload came first.",
        "running": "No model has been measured yet.",
    }.get(dossier.run.state, "No model was measured: the run did not come so far.")


def _compared(evaluation: object, candidate: object, champion: object, difference: object) -> list[dict[str, Any]]:
    """Rows of a table, the catalogue's metrics in its order first."""
    mine, theirs = figures(part(candidate, "figures")), figures(part(champion, "figures"))
    try:
        order = [metric.name for metric in metrics_of(str(part(evaluation, "problem")))]
    except UnknownMetricError:
        order = []
    names = sorted(mine, key=lambda name: (order.index(name) if name in order else len(order), name))
    return [
        {
            "metric": name,
            "greater_is_better": greater(name),
            "candidate": mine[name],
            "champion": theirs.get(name),
            "difference": figures(difference).get(name),
        }
        for name in names[:MOST_CLASSES]
    ]


def _parts(dossier: Dossier) -> list[dict[str, Any]]:
    """The deciding metric on the newest data and on older held-out rows: does it forget?"""
    name, found = metric_of(dossier), []
    for side in ("newest", "older"):
        part_of = part(part(dossier.evaluation, "parts"), side)
        if mapping(part_of):
            found.append(
                {
                    "part": side,
                    "rows": whole(part(part_of, "rows")),
                    **{who: figure(part(part(part_of, who), name)) for who in ("candidate", "champion", "difference")},
                }
            )
    return found


def _classes(classes: object, hidden: bool) -> list[dict[str, Any]]:
    names = ("precision", "recall", "f1")
    return [
        {
            "class": f"class {place}" if hidden else text(label),
            "rows": whole(part(found, "rows")),
            **{name: figure(part(found, name)) for name in names},
        }
        for place, (label, found) in enumerate(list(mapping(classes).items())[:MOST_CLASSES], 1)
    ]


def _threshold(evaluation: object) -> dict[str, Any] | None:
    found = part(evaluation, "threshold")
    value = number(part(found, "value"))
    if value is None:
        value = number(part(part(evaluation, "candidate"), "threshold"))
    if value is None:
        return None
    return {
        "value": value,
        "aim": text(part(found, "aim")),
        "reached": number(part(found, "reached")),
        "sentence": text(part(found, "sentence"), 600),
        "champion": number(part(part(evaluation, "champion"), "threshold")),
    }


def labels(found: object, hidden: bool) -> list[str]:
    """The names of classes."""
    given = entries(found)
    return [WITHHELD if hidden else text(name) for name in given[:MOST_CLASSES]]
