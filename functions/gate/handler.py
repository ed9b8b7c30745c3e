"""Judge the candidate by the figures that left the training job. Closed: what cannot be judged is refused."""

from __future__ import annotations

import json
import re
from typing import Any

from cloud import archives, objects
from cloud.archives import ArchiveError
from functions.task import Task, logger, task
from perennial import layout
from perennial.gate.decision import Check, Decision, closed, decide

TOLD = 40  # sentences in the run's record, of which each may have a few hundred characters; all are in decision.json
_FIRST = ("failed", "unsure", "noted", "passed")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"outcome": "promote" | "refuse" | "ask", "seconds": for how long a person is waited for, "promote": bool}.

    `promote` is for runs that began under an older machine, which asks for nothing else.
    """
    evaluation, decision = _judge(task)
    folder = layout.run(task.run.id)
    if evaluation is not None:
        objects.write_json(task.platform.models_bucket, folder + "evaluation.json", evaluation)
    objects.write_json(task.platform.models_bucket, folder + "decision.json", decision.as_dict())
    task.note("gate", (decision.sentence, *told(decision.checks)), figures(decision))
    seconds = max(1, round(task.spec.gate.approval.hours * 3600))
    return {"outcome": decision.outcome, "seconds": seconds, "promote": decision.promote}


def told(checks: tuple[Check, ...]) -> tuple[str, ...]:
    """What the checks say, those that decided first; no more than a record should hold."""
    ordered = sorted(checks, key=lambda check: _FIRST.index(check.verdict))
    sentences = tuple(check.sentence for check in ordered)
    if len(sentences) <= TOLD:
        return sentences
    return (*sentences[:TOLD], f"{len(sentences) - TOLD} more checks are in decision.json.")


def figures(decision: Decision) -> dict[str, Any]:
    """The outcome and the names of the checks by verdict: the figures themselves would burst the run's record."""
    names = [(check.name[:80], check.verdict) for check in decision.checks]
    found = [{"name": name, "verdict": verdict} for name, verdict in names[:200]]
    return {"outcome": decision.outcome, "checks": found}


def _judge(task: Task) -> tuple[Any, Decision]:
    """The evaluation, None where there is none, and what follows from it."""
    try:
        (evaluation,) = archives.read_json(
            task.platform, archives.of_run(task.run, "output.tar.gz"), ("evaluation.json",)
        )
    except ArchiveError as error:
        return None, closed(str(error))
    fault = _fault(evaluation)
    if fault:
        return None, closed(fault)
    try:
        return evaluation, decide(evaluation, task.spec.gate_checks())
    except Exception as error:  # noqa: BLE001 - a fault of ours must not leave anybody without a reason
        logger.exception("the gate broke")
        return evaluation, closed(f"the gate itself broke: {type(error).__name__}: {error}"[:600])


def _fault(evaluation: Any) -> str:
    """What makes an evaluation none at all: without the candidate's digest nobody could say which model it is about."""
    candidate = evaluation.get("candidate") if isinstance(evaluation, dict) else None
    digest = candidate.get("digest") if isinstance(candidate, dict) else None
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        return "evaluation.json does not say which candidate it is about"
    try:
        json.dumps(evaluation, allow_nan=False)
    except (ValueError, RecursionError):
        return "evaluation.json holds figures that are no numbers"
    return ""
