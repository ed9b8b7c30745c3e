"""The end of a run in words: the reasons, the next command, and the notice to people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from perennial import card
from perennial.outcomes import Outcome
from perennial.records import Notice, Run

STUCK = "StuckEndpointError"  # of cloud.endpoints: a person must act
LONGEST_ERROR = 600  # characters: an error's message may repeat a whole request
# The steps that hold the reasons of an outcome; the first one that the run has is used.
_DECIDING: dict[str, tuple[str, ...]] = {
    "refused": ("restore", "verify", "answer", "gate"),
    "quarantined": ("validation",),
    "unchanged": ("gate", "drift"),
}
# The steps whose sentences are all reasons of an outcome.
_ALL: dict[str, tuple[str, ...]] = {
    "promoted": ("rollback", "gate", "answer", "verify", "scaling"),
    "stopped": ("stop", "restore"),
    "retired": ("request", "retirement"),
}
_SENTENCE = {
    "promoted": "The new model serves.",
    "refused": "The candidate was refused; the champion stays.",
    "quarantined": "The dataset was refused and set aside; the champion stays.",
    "unchanged": "The dataset was accepted, but a training was not worth it; the champion stays.",
    "superseded": "A newer upload came before this one was started.",
    "stopped": "The run was stopped; the champion stays.",
    "retired": "The model is retired: nothing of it serves, and it takes no uploads.",
    "failed": "The run failed; the champion stays.",
}


def reasons(run: Run, outcome: Outcome, error: str | None = None) -> tuple[str, ...]:
    """The reasons of an outcome: one sentence for the outcome, then those of the deciding step, or the error."""
    found: Sequence[str] = ()
    if error:
        if error.startswith(STUCK):
            return ("The run failed, and so did the rollback to the champion.", error)
        found = (error,)
    elif outcome in _ALL:
        found = [sentence for name in _ALL[outcome] if (step := run.step(name)) for sentence in step.sentences]
    else:
        step = next((step for name in _DECIDING.get(outcome, ()) if (step := run.step(name))), None)
        found = step.sentences if step else ()
    if outcome == "promoted" and run.trigger == "rollback":
        return ("An older version serves again.", *found)
    if outcome == "unchanged" and run.step("gate"):
        return ("The training made the model that serves; it stays.", *found)
    return (_SENTENCE[outcome], *found)


def next_command(run: Run, outcome: Outcome) -> str:
    """The command that a person would type next."""
    match outcome:
        case "promoted":
            return f"perennial lineage {run.version}" if run.version else f"perennial explain {run.id}"
        case "quarantined" if _lacks_a_card(run):
            return card.next_command(run.model)
        case "quarantined":
            return f"perennial check FILE --model {run.model}   # mend it until this accepts it, then upload it again"
        case "stopped" if run.trigger == "upload":
            return f"perennial explain {run.id}   # upload the dataset again to train on it"
        case "retired":
            return f"perennial retire {run.model} --undo   # it takes uploads again"
        case "failed" | "stopped" if run.trigger == "retire":
            return f"perennial retire {run.model}   # goes on where this one ended"
        case "failed":
            if run.trigger == "rollback":
                return f"perennial explain {run.id}   # then perennial rollback {run.model} again"
            return f"perennial explain {run.id}   # mend what it says, then upload the dataset again"
    return f"perennial explain {run.id}"


def _lacks_a_card(run: Run) -> bool:
    """True if the dataset was refused for its card alone."""
    return bool(run.problem_codes) and all(code in card.CODES for code in run.problem_codes)


def error_sentence(error: str, cause: str) -> str:
    """Makes one sentence of the error and the cause that Step Functions gives for a failed state.

    The cause of a Lambda function is JSON with errorMessage, that of a training job its description with FailureReason.
    """
    try:
        found = json.loads(cause)
    except ValueError:
        found = {}
    detail = _detail(found) if isinstance(found, dict) else None
    return f"{error}: {detail or cause}".strip()[:LONGEST_ERROR]


def _detail(cause: Mapping[str, Any]) -> str | None:
    """The error message of a Lambda function, or the failure reason of a training job."""
    message = cause.get("errorMessage") or cause.get("FailureReason")
    if message is None and "TrainingJobStatus" in cause:
        return f"the training job {cause.get('TrainingJobName')} ended {cause['TrainingJobStatus']} without a reason"
    return str(message) if message else None


def quoted(key: str) -> str:
    """A key of S3 in a sentence: who uploads chooses it, so control characters are escapes and it is short."""
    return json.dumps(key if len(key) <= 200 else key[:200] + "...")


def unknown_upload(key: str, models: Sequence[str]) -> Notice:
    """The notice about an upload whose key names no model."""
    text = (
        f"{quoted(key)} was uploaded, but no model reads from there. It was recorded and nothing was started.\n"
        "More such uploads of this day are recorded without a notice: perennial runs lists them.\n"
        f"Models: {', '.join(models) or 'none'}. next: perennial upload FILE --model NAME"
    )
    return Notice(subject="upload for no known model", text=text, severity="warning")


def notice(run: Run) -> Notice:
    """The notice about a run that has ended. SNS takes a subject of at most 100 characters."""
    dataset = [f"dataset: {run.dataset}"] if run.dataset else []
    lines = [*run.reasons, "", f"run: {run.id}", *dataset, f"next: {run.next_command}"]
    urgent = "a person is needed: " if any(reason.startswith(STUCK) for reason in run.reasons) else ""
    severe = run.state in ("failed", "quarantined")
    return Notice(
        subject=f"{urgent}{run.model}: {run.state} ({run.id})"[:100],
        text="\n".join(lines),
        severity="critical" if urgent else "warning" if severe else "info",
        key=run.id,
    )
