"""The steps that a run took, when, and what each found in a sentence; and why it ended as it did."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from perennial.records import Step
from perennial.reports.contents import drift
from perennial.reports.contents.decision import state_of
from perennial.reports.contents.validation import validation
from perennial.reports.dossier import Dossier
from perennial.reports.reading import entries, mapping, part, text
from perennial.reports.veil import Veil

MOST_REASONS = 30


def steps(dossier: Dossier, veil: Veil) -> dict[str, Any]:
    """Each step with the moment it was done, and the seconds since the one before."""
    run, found, before = dossier.run, [], dossier.run.started_at
    for step in run.steps:
        found.append(
            {
                "name": text(step.name),
                "at": step.at.isoformat(),
                "seconds": _seconds(before, step.at),
                "sentence": _sentence(step, dossier, veil),
            }
        )
        before = step.at
    return {"began": run.started_at.isoformat(), "ended": _iso(run.ended_at), "steps": found}


def reasons(dossier: Dossier, veil: Veil) -> list[str]:
    """Why the run ended so, beyond what the checks of the gate say."""
    state = state_of(dossier)
    if state == "quarantined":
        checked = validation(dossier, veil)
        return [_capital(problem["sentence"]) for problem in part(checked, "problems") or ()][:MOST_REASONS]
    if state == "unchanged":
        step = dossier.run.step("drift")
        return [_capital(drift.sentence(dossier.drift, veil)), *(text(why, 600) for why in _rest(step))]
    if state in ("failed", "superseded"):
        return [text(reason, 1200) for reason in dossier.run.reasons[1:]][:MOST_REASONS]
    if state == "waiting":
        return _said(dossier, "approval")
    return [*_said(dossier, "answer"), *(_said(dossier, "restore") or _said(dossier, "verify"))]


def _said(dossier: Dossier, name: str) -> list[str]:
    step = dossier.run.step(name)
    return [text(said, 1200) for said in step.sentences] if step else []


def _sentence(step: Step, dossier: Dossier, veil: Veil) -> str:
    """A step's first sentence, where that cannot quote a value."""
    if step.name == "validation" and part(dossier.verdict, "accepted") is not True:
        count = len(entries(part(dossier.verdict, "problems")) or entries(part(step.figures, "problems")))
        return f"The dataset was refused for {count} {'problem' if count == 1 else 'problems'}."
    if step.name == "drift" and mapping(dossier.drift):
        return _capital(drift.sentence(dossier.drift, veil))
    if step.name == "drift" and part(step.figures, "verdict") != "first":
        return f"Verdict: {text(part(step.figures, 'verdict'))}."
    return text(step.sentences[0], 600) if step.sentences else ""


def _rest(step: Step | None) -> tuple[str, ...]:
    return step.sentences[1:] if step else ()


def _capital(said: str) -> str:
    return said[:1].upper() + said[1:]


def _seconds(before: datetime, after: datetime) -> float:
    return round((after - before).total_seconds(), 3)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
