"""The head of a run's report: its outcome, the checks that decided, and the comparison in the gate's metric."""

from __future__ import annotations

from typing import Any

from perennial.contract.metrics import UnknownMetricError, greater_is_better, metrics_of
from perennial.reports.contents.gate_sections import redacted_names
from perennial.reports.json_values import entries, mapping, member, metric_value, metric_values, number, text
from perennial.reports.labels import LOCAL_OUTCOMES, OUTCOMES, VERDICTS
from perennial.reports.redaction import Redaction
from perennial.reports.report_data import ReportData

MAX_CHECKS = 200
_ORDER = ("failed", "unsure", "passed", "noted")  # checks against the candidate come first
_LATER = ("answer", "registration", "verify", "restore")  # steps after an approval


def decision(data: ReportData, redaction: Redaction, found: list[str]) -> dict[str, Any]:
    """The decision; `found` are the reasons of the deciding step if that is not the gate."""
    state = state_of(data)
    title, tone, meaning = LOCAL_OUTCOMES[state] if data.is_local else OUTCOMES[state]
    checks = sorted(_checks(data, redaction), key=lambda check: _ORDER.index(check["verdict"]))
    return {
        "state": state,
        "title": title,
        "tone": tone,
        "meaning": meaning,
        "sentence": _redacted(text(member(data.decision, "sentence"), 1200), data, redaction),
        "reasons": found,
        "checks": checks[:MAX_CHECKS],
        "checks_left_out": max(len(checks) - MAX_CHECKS, 0),
        "next": _next(data, state),
        "headline": headline(data),
    }


def state_of(data: ReportData) -> str:
    """The run's state, or 'waiting' while approval is pending."""
    approval_required = member(data.decision, "outcome") == "ask"
    if data.run.state == "running" and approval_required and not any(map(data.run.step, _LATER)):
        return "waiting"
    return data.run.state


def metric_of(data: ReportData) -> str:
    """The metric by which candidate and champion are compared."""
    stated = member(data.evaluation, "metric") or member(member(data.spec, "gate"), "metric")
    if stated:
        return text(stated)
    try:
        return metrics_of(str(member(data.evaluation, "problem") or member(data.spec, "problem")))[0].name
    except UnknownMetricError:
        return next(iter(metric_values(member(member(data.evaluation, "candidate"), "metrics"))), "")


def greater(metric: str) -> bool | None:
    """True if a greater value is better; None for a metric that the catalogue does not have."""
    try:
        return greater_is_better(metric)
    except UnknownMetricError:
        return None


def headline(data: ReportData) -> dict[str, Any] | None:
    """The deciding metric of both models and its difference; None if no model was measured."""
    evaluation, name = data.evaluation, metric_of(data)
    candidate = metric_value(member(member(member(evaluation, "candidate"), "metrics"), name))
    if candidate["value"] is None:
        return None
    champion = metric_value(member(member(member(evaluation, "champion"), "metrics"), name))
    difference = metric_value(member(member(evaluation, "difference"), name))
    return {
        "metric": name,
        "greater_is_better": greater(name),
        "candidate": candidate,
        "champion": champion if champion["value"] is not None else None,
        "difference": difference if difference["value"] is not None else None,
        "confidence": number(member(evaluation, "confidence")),
    }


def _checks(data: ReportData, redaction: Redaction) -> list[dict[str, Any]]:
    return [
        {
            "name": _redacted(text(member(check, "name")), data, redaction),
            "verdict": verdict if (verdict := member(check, "verdict")) in VERDICTS else "unsure",
            "sentence": _redacted(text(member(check, "sentence"), 1200), data, redaction),
            **{name: number(member(check, name)) for name in ("value", "limit", "low", "high")},
        }
        for check in map(mapping, entries(member(data.decision, "checks")))
    ]


def _redacted(sentence: str, data: ReportData, redaction: Redaction) -> str:
    """A sentence of the gate, with the names of slices that hold a redacted value replaced."""
    for name, masked in redacted_names(data.evaluation, redaction).items():
        sentence = sentence.replace(name, masked)
    return redaction.redact(sentence)


def _next(data: ReportData, state: str) -> list[str]:
    run = data.run
    if state == "waiting":
        commands = [f"perennial approve {run.id}", f'perennial reject {run.id} --why "..."']
    elif run.state == "running":
        commands = [f"perennial explain {run.id}"]
    else:
        commands = [text(run.next_command, 600)] if run.next_command else []
    return [data.environment.commands(command) for command in commands]
