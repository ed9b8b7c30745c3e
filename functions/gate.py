"""Decides on the candidate by the metrics of the training job. Fails closed: an evaluation with a fault refuses it."""

from __future__ import annotations

import json
import re
from typing import Any

from cloud import archives, s3
from cloud.archives import ArchiveError
from cloud.handovers import GateDecision, RunRequest
from functions.task import Task, logger, task
from functions.withholding import described
from perennial import layout
from perennial.former_keys import with_current_keys
from perennial.gate.checks.overwrites import RECORDED
from perennial.gate.checks.sizes import HIDDEN
from perennial.gate.decision import Check, Decision, closed, decide
from perennial.prequential import score_of
from perennial.retraining import row_sentences

TOLD = 40  # sentences in the run's record, each of a few hundred characters at most; decision.json holds all
_FIRST = ("failed", "unsure", "noted", "passed")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@task(RunRequest)
def handler(task: Task, _request: RunRequest) -> GateDecision:
    """Writes evaluation and decision to S3, and returns the outcome and the longest wait for an approval.

    A candidate that may be released is pinned: version and SHA-256 of its archive. Raises ArchiveError if that holds
    another model than the evaluation.
    """
    evaluation, decision = _judge(task)
    bucket, run = task.platform.models_bucket, task.run.id
    if evaluation is not None:
        s3.write_json(bucket, layout.run(run, layout.EVALUATION), evaluation)
        counts = evaluation.get("rows")
        rows = (
            {name: count for name, count in counts.items() if isinstance(count, int)}
            if isinstance(counts, dict)
            else {}
        )
        score = score_of(evaluation, task.run.model, task.run.id, task.now)
        if score is not None:
            task.ledger.put_score(score)
        told_of_score = (score.sentence,) if score else ()
        task.note("rows", (*row_sentences(rows, task.spec), *told_of_score), rows)
        _note_candidates(task, evaluation.get("update"))
    s3.write_json(bucket, layout.run(run, layout.DECISION), decision.as_dict())
    candidate = None
    if decision.outcome in ("promote", "ask"):
        digest, archive = evaluation["candidate"]["digest"], archives.of_run(task.run, layout.MODEL_ARCHIVE)
        candidate = archives.judged(task.platform, archive, digest)
    task.note("gate", (decision.sentence, *told(decision.checks)), verdicts(decision), candidate=candidate)
    seconds = max(1, round(task.spec.gate.approval.hours * 3600))
    return GateDecision(decision.outcome, seconds)


def _note_candidates(task: Task, update: Any) -> None:
    """Notes which of two candidates was taken and why; see training/contest.py."""
    if not isinstance(update, dict) or not isinstance(update.get("sentence"), str):
        return
    counts = {name: update[name] for name in ("new", "replayed", "unseen") if name in update}
    details = {"taken": str(update.get("taken")), "grown_from": str(update.get("grown_from", "")), **counts}
    task.note("candidates", (update["sentence"][:1200],), details)


def told(checks: tuple[Check, ...]) -> tuple[str, ...]:
    """The sentences of the checks, deciding ones first; at most TOLD of them."""
    ordered = sorted(checks, key=lambda check: _FIRST.index(check.verdict))
    sentences = tuple(check.sentence for check in ordered)
    if len(sentences) <= TOLD:
        return sentences
    return (*sentences[:TOLD], f"{len(sentences) - TOLD} more checks are in decision.json.")


def verdicts(decision: Decision) -> dict[str, Any]:
    """The outcome, and the names and verdicts of at most 200 checks: their metrics would be too large for a record."""
    names = [(check.name[:80], check.verdict) for check in decision.checks]
    found = [{"name": name, "verdict": verdict} for name, verdict in names[:200]]
    return {"outcome": decision.outcome, "checks": found}


def _judge(task: Task) -> tuple[Any, Decision]:
    """The evaluation, or None where there is none, and the decision."""
    try:
        (evaluation,) = archives.read_json(
            task.platform, archives.of_run(task.run, layout.OUTPUT_ARCHIVE), (layout.EVALUATION,)
        )
    except ArchiveError as error:
        return None, closed(str(error))
    evaluation = with_current_keys(evaluation)
    fault = _fault(evaluation)
    if fault:
        return None, closed(fault)
    try:
        hidden = task.spec.columns[task.spec.target].sensitive
        more = {HIDDEN: hidden, RECORDED: _recorded(task, evaluation)}
        return evaluation, decide({**evaluation, **more}, task.spec.gate_checks())
    except Exception as error:  # noqa: BLE001 - a bug of ours refuses the candidate with a reason
        logger.error("the gate broke", reason=described(error))
        return evaluation, closed(f"the gate itself broke: {described(error)}"[:600])


def _recorded(task: Task, evaluation: dict[str, Any]) -> dict[str, Any]:
    """The metrics of the champion that was compared, as the ledger has them; none where there is no champion."""
    compared = evaluation.get("champion")
    if not isinstance(compared, dict) or not isinstance(compared.get("version"), str):
        return {}
    return task.ledger.version(compared["version"]).metrics


def _fault(evaluation: Any) -> str:
    """The fault that makes an evaluation unusable, or ''. It must name the candidate's digest and hold JSON numbers."""
    candidate = evaluation.get("candidate") if isinstance(evaluation, dict) else None
    digest = candidate.get("digest") if isinstance(candidate, dict) else None
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        return "evaluation.json does not say which candidate it is about"
    try:
        json.dumps(evaluation, allow_nan=False)
    except (ValueError, RecursionError):
        return "evaluation.json holds metrics that are not numbers"
    return ""
