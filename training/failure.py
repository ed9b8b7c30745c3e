"""Training failures caused by the user's input: one sentence in the file from which SageMaker takes FailureReason."""

from __future__ import annotations

from pathlib import Path

# DescribeTrainingJob shows the first 1,024 characters.
_LONGEST = 1024


class TrainingError(Exception):
    """The plan, the data or the user's estimator cannot be used. The message states the fault, its place and the next
    step.
    """


def write_failure(folder: Path, sentence: str) -> None:
    """Writes the reason to `folder`/failure; `folder` is SageMaker's output folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "failure").write_text(sentence[:_LONGEST], encoding="utf-8")
