"""The steps of a run with their times and first sentences, and the reasons of the outcome."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from perennial.records import Step
from perennial.reports.contents import drift
from perennial.reports.contents.decision import state_of
from perennial.reports.contents.validation import validation
from perennial.reports.json_values import entries, mapping, member, text
from perennial.reports.redaction import Redaction
from perennial.reports.report_data import ReportData

MOST_REASONS = 30


def steps(data: ReportData, redaction: Redaction) -> dict[str, Any]:
    """Each step with the moment it was done, and the seconds since the one before."""
    run, found, before = data.run, [], data.run.started_at
    for step in run.steps:
        found.append(
            {
                "name": text(step.name),
                "at": step.at.isoformat(),
                "seconds": _seconds(before, step.at),
                "sentence": _sentence(step, data, redaction),
            }
        )
        before = step.at
    return {"began": run.started_at.isoformat(), "ended": _iso(run.ended_at), "steps": found}


def reasons(data: ReportData, redaction: Redaction) -> list[str]:
    """The reasons of the outcome, beyond those of the gate's checks."""
    state = state_of(data)
    if state == "quarantined":
        checked = validation(data, redaction)
        return [_capital(problem["sentence"]) for problem in member(checked, "problems") or ()][:MOST_REASONS]
    if state == "unchanged" and data.run.step("gate") is None:
        step = data.run.step("drift")
        return [_capital(drift.sentence(data.drift, redaction)), *(text(why, 600) for why in _rest(step))]
    if state in ("failed", "superseded", "stopped", "retired"):
        return [text(reason, 1200) for reason in data.run.reasons[1:]][:MOST_REASONS]
    if state == "waiting":
        return _texts(data, "approval")
    return [*_texts(data, "answer"), *(_texts(data, "restore") or _texts(data, "verify"))]


def _texts(data: ReportData, name: str) -> list[str]:
    step = data.run.step(name)
    return [text(stated, 1200) for stated in step.sentences] if step else []


def _sentence(step: Step, data: ReportData, redaction: Redaction) -> str:
    """A step's first sentence, if it cannot quote a value."""
    if step.name == "validation" and member(data.verdict, "accepted") is not True:
        count = len(entries(member(data.verdict, "problems")) or entries(member(step.details, "problems")))
        return f"The dataset was refused for {count} {'problem' if count == 1 else 'problems'}."
    if step.name == "drift" and mapping(data.drift):
        return _capital(drift.sentence(data.drift, redaction))
    if step.name == "drift" and member(step.details, "verdict") != "first":
        return f"Verdict: {text(member(step.details, 'verdict'))}."
    return text(step.sentences[0], 600) if step.sentences else ""


def _rest(step: Step | None) -> tuple[str, ...]:
    return step.sentences[1:] if step else ()


def _capital(stated: str) -> str:
    return stated[:1].upper() + stated[1:]


def _seconds(before: datetime, after: datetime) -> float:
    return round((after - before).total_seconds(), 3)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
