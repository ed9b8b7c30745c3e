"""The head of a run's report: how it ended, by which checks, and the figures that a reader asks for first."""

from __future__ import annotations

from typing import Any

from perennial.contract.metrics import UnknownMetricError, greater_is_better, metrics_of
from perennial.reports.contents.slices import masks
from perennial.reports.dossier import Dossier
from perennial.reports.reading import entries, figure, figures, mapping, number, part, text
from perennial.reports.veil import Veil
from perennial.reports.words import OUTCOMES, VERDICTS

MOST_CHECKS = 200
_ORDER = ("failed", "unsure", "passed", "noted")  # what stands against the candidate comes first
_LATER = ("answer", "registration", "verify", "restore")  # steps that are taken once a person has answered


def decision(dossier: Dossier, veil: Veil, found: list[str]) -> dict[str, Any]:
    """`found` is what the deciding step says where that is not the gate."""
    state = state_of(dossier)
    title, tone, meaning = OUTCOMES[state]
    checks = sorted(_checks(dossier, veil), key=lambda check: _ORDER.index(check["verdict"]))
    return {
        "state": state,
        "title": title,
        "tone": tone,
        "meaning": meaning,
        "sentence": _masked(text(part(dossier.decision, "sentence"), 1200), dossier, veil),
        "reasons": found,
        "checks": checks[:MOST_CHECKS],
        "checks_left_out": max(len(checks) - MOST_CHECKS, 0),
        "next": _next(dossier, state),
        "headline": headline(dossier),
    }


def state_of(dossier: Dossier) -> str:
    """The run's state, or 'waiting' while a person is asked."""
    asked = part(dossier.decision, "outcome") == "ask"
    if dossier.run.state == "running" and asked and not any(map(dossier.run.step, _LATER)):
        return "waiting"
    return dossier.run.state


def metric_of(dossier: Dossier) -> str:
    """The metric by which candidate and champion are compared."""
    said = part(dossier.evaluation, "metric") or part(part(dossier.spec, "gate"), "metric")
    if said:
        return text(said)
    try:
        return metrics_of(str(part(dossier.evaluation, "problem") or part(dossier.spec, "problem")))[0].name
    except UnknownMetricError:
        return next(iter(figures(part(part(dossier.evaluation, "candidate"), "figures"))), "")


def greater(metric: str) -> bool | None:
    """Is a greater figure the better one? None for a metric that the catalogue does not know."""
    try:
        return greater_is_better(metric)
    except UnknownMetricError:
        return None


def headline(dossier: Dossier) -> dict[str, Any] | None:
    """The metric that decides, for both models and as their difference; None where no model was measured."""
    evaluation, name = dossier.evaluation, metric_of(dossier)
    candidate = figure(part(part(part(evaluation, "candidate"), "figures"), name))
    if candidate["value"] is None:
        return None
    champion = figure(part(part(part(evaluation, "champion"), "figures"), name))
    difference = figure(part(part(evaluation, "difference"), name))
    return {
        "metric": name,
        "greater_is_better": greater(name),
        "candidate": candidate,
        "champion": champion if champion["value"] is not None else None,
        "difference": difference if difference["value"] is not None else None,
        "confidence": number(part(evaluation, "confidence")),
    }


def _checks(dossier: Dossier, veil: Veil) -> list[dict[str, Any]]:
    return [
        {
            "name": _masked(text(part(check, "name")), dossier, veil),
            "verdict": verdict if (verdict := part(check, "verdict")) in VERDICTS else "unsure",
            "sentence": _masked(text(part(check, "sentence"), 1200), dossier, veil),
            **{name: number(part(check, name)) for name in ("figure", "limit", "low", "high")},
        }
        for check in map(mapping, entries(part(dossier.decision, "checks")))
    ]


def _masked(sentence: str, dossier: Dossier, veil: Veil) -> str:
    """A sentence of the gate's, in which the names of slices that show a hidden value are withheld."""
    for name, masked in masks(dossier.evaluation, veil).items():
        sentence = sentence.replace(name, masked)
    return veil.conceal(sentence)


def _next(dossier: Dossier, state: str) -> list[str]:
    run = dossier.run
    if state == "waiting":
        return [f"perennial approve {run.id}", f'perennial reject {run.id} --why "..."']
    if run.state == "running":
        return [f"perennial explain {run.id}"]
    return [text(run.next_command, 600)] if run.next_command else []
