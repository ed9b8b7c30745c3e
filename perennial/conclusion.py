"""How a run ends, in words: the reasons, the next command, and the notice to a person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from perennial import card
from perennial.records import Notice, Outcome, Run

STUCK = "StuckEndpointError"  # cloud.endpoints: only a person may go on
LONGEST_ERROR = 600  # characters: the sentence of a fault, not the request that led to it
# The steps whose findings are an outcome's reasons; of an outcome with alternatives, the latest step that was taken.
_DECIDING: dict[str, tuple[str, ...]] = {
    "refused": ("restore", "verify", "answer", "gate"),
    "quarantined": ("validation",),
    "unchanged": ("drift",),
}
_SENTENCE = {
    "promoted": "The new model serves.",
    "refused": "The candidate was refused; the champion stays.",
    "quarantined": "The dataset was refused and set aside; the champion stays.",
    "unchanged": "The dataset was accepted, but a training was not worth it; the champion stays.",
    "superseded": "A newer upload came before this one was started.",
    "failed": "The run broke off; the champion stays.",
}


def reasons(run: Run, outcome: Outcome, error: str | None = None) -> tuple[str, ...]:
    """Why the run ended so: the outcome in a sentence, then what the deciding step found, or the error."""
    found: Sequence[str] = ()
    if error:
        if error.startswith(STUCK):
            return ("The run broke off, and so did the way back to the champion.", error)
        found = (error,)
    elif outcome == "promoted":
        found = [
            sentence
            for name in ("rollback", "gate", "answer", "verify")
            if (step := run.step(name))
            for sentence in step.sentences
        ]
    else:
        step = next((step for name in _DECIDING.get(outcome, ()) if (step := run.step(name))), None)
        found = step.sentences if step else ()
    back = outcome == "promoted" and run.trigger == "rollback"
    return ("An older version serves again." if back else _SENTENCE[outcome], *found)


def next_command(run: Run, outcome: Outcome) -> str:
    """What a person would type next."""
    match outcome:
        case "promoted":
            return f"perennial lineage {run.version}" if run.version else f"perennial explain {run.id}"
        case "quarantined" if _lacks_a_card(run):
            return card.next_command(run.model)
        case "quarantined":
            return f"perennial check FILE --model {run.model}   # mend it until this accepts it, then upload it again"
        case "failed":
            if run.trigger == "rollback":
                return f"perennial explain {run.id}   # then perennial rollback {run.model} again"
            return f"perennial explain {run.id}   # mend what it says, then upload the dataset again"
    return f"perennial explain {run.id}"


def _lacks_a_card(run: Run) -> bool:
    """Was the dataset refused for its card alone?"""
    step = run.step("validation")
    problems = step.figures.get("problems", ()) if step else ()
    return bool(problems) and all(problem["code"] in card.CODES for problem in problems)


def error_sentence(error: str, cause: str) -> str:
    """One sentence from a state's error name and cause, as Step Functions hands them on.

    A Lambda's cause is JSON with errorMessage, a training job's is its description with FailureReason.
    """
    try:
        found = json.loads(cause)
    except ValueError:
        found = {}
    detail = _detail(found) if isinstance(found, dict) else None
    return f"{error}: {detail or cause}".strip()[:LONGEST_ERROR]


def _detail(cause: Mapping[str, Any]) -> str | None:
    """What a person would want to know of a Lambda's or a training job's end."""
    said = cause.get("errorMessage") or cause.get("FailureReason")
    if said is None and "TrainingJobStatus" in cause:
        return f"the training job {cause.get('TrainingJobName')} ended {cause['TrainingJobStatus']} without a reason"
    return str(said) if said else None


def unknown_upload(key: str, models: Sequence[str]) -> Notice:
    """The notice for an upload whose key leads to no model."""
    text = (
        f"{key} was uploaded, but no model is fed from there. It was recorded and nothing was started.\n"
        f"Models: {', '.join(models) or 'none'}. next: perennial upload FILE --model NAME"
    )
    return Notice(subject="upload for no known model", text=text)


def notice(run: Run) -> Notice:
    """One notice for one ending. The subject keeps within SNS's 100 characters."""
    lines = [*run.reasons, "", f"run: {run.id}", f"dataset: {run.dataset}", f"next: {run.next_command}"]
    urgent = "a person is needed: " if any(reason.startswith(STUCK) for reason in run.reasons) else ""
    return Notice(subject=f"{urgent}{run.model}: {run.state} ({run.id})"[:100], text="\n".join(lines))
